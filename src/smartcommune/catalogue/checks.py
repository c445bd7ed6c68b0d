"""What a catalogue entry must agree on with itself and with the others, beyond its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import not_allowed
from smartcommune.faults import Related
from smartcommune.profile.options import expected_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smartcommune.catalogue.models import Catalogue, Option, Save, Service
    from smartcommune.document.model import Document, KeyPath

_WITH_VALUES = ("string", "integer", "number", "list")


def check_entry(document: Document, service: Service, role: str) -> None:
    """Check one entry by itself; ``role`` is the name of its folder."""
    if service.name != role:
        trap = Trap(
            "role-name",
            Text(vi="tên dịch vụ khác tên vai trò", en="the service's name differs from its role's"),
            Text(vi=role, en=role),
            Text(vi=f"viết name: {role}", en=f"write name: {role}"),
        )
        document.add(("name",), trap, suggestion=role)
    _check_options(document, service.options, ("options",))
    for index, endpoint in enumerate(service.endpoints):
        if endpoint.socket is not None and endpoint.fastcgi is not None:
            document.add(("endpoints", index, "fastcgi"), _TWO_SOCKETS)
    for index, transit in enumerate(service.transit):
        if transit.to in transit.sources:
            document.add(("transit", index, "to"), _SAME_ZONE)
    for index, data in enumerate(service.data):
        for number, save in enumerate(data.save):
            _check_save(document, service, save, ("data", index, "save", number))


def _check_save(document: Document, service: Service, save: Save, path: KeyPath) -> None:
    """A step runs a command or copies a path, and is repeated for what the service provides."""
    if bool(save.command) == (save.path is not None) or (save.take is not None and not save.command):
        document.add(path, _NO_STEP)
    if save.each is not None and save.each not in service.provides:
        trap = not_allowed(list(service.provides) or ["–"], None)._replace(
            code="not-provided",
            message=Text(vi="dịch vụ này không cung cấp điều đó", en="this service does not provide that"),
        )
        document.add((*path, "each"), trap, suggestion=nearest(save.each, service.provides))


def check_agreement(document: Document, service: Service, catalogue: Catalogue) -> None:
    """Each capability, web name and firewall table has one owner; what is required and accompanied exists."""
    for index, capability in enumerate(service.provides):
        path: KeyPath = ("provides", index)
        owners = [other for other in catalogue.values() if capability in other.provides]
        _only_one(document, path, capability, owners, catalogue)
    for index, endpoint in enumerate(service.endpoints):
        owners = [other for other in catalogue.values() if endpoint.name in {item.name for item in other.endpoints}]
        _only_one(document, ("endpoints", index, "name"), endpoint.name, owners, catalogue)
    for index, table in enumerate(service.firewall_tables):
        owners = [other for other in catalogue.values() if table in other.firewall_tables]
        _only_one(document, ("firewall_tables", index), table, owners, catalogue)
    offered = sorted({capability for other in catalogue.values() for capability in other.provides})
    for index, requirement in enumerate(service.requires):
        if requirement.capability not in offered:
            trap = Trap(
                "no-provider",
                Text(vi="không có dịch vụ nào cung cấp điều này", en="no service provides this"),
                Text(vi=f"một trong: {', '.join(offered)}", en=f"one of: {', '.join(offered)}"),
                Text(
                    vi="sửa tên, hoặc thêm dịch vụ cung cấp", en="correct the name, or add a service that provides it"
                ),
            )
            document.add(("requires", index, "capability"), trap)
    others = sorted(name for name in catalogue if name != service.name)
    if service.accompanies is not None and service.accompanies not in others:
        trap = not_allowed(others or ["–"], None)._replace(
            code="unknown-service", message=Text(vi="không có dịch vụ này", en="there is no such service")
        )
        document.add(("accompanies",), trap, suggestion=nearest(service.accompanies, others))


def _only_one(document: Document, path: KeyPath, name: str, owners: list[Service], catalogue: Catalogue) -> None:
    if len(owners) < 2 or document.mapping().get("name") == owners[0].name:
        return
    first = catalogue.positions[owners[0].name][()]
    trap = Trap(
        "two-owners",
        Text(vi=f"«{name}» đã thuộc dịch vụ khác", en=f"«{name}» belongs to another service already"),
        Text(vi="mỗi tên một dịch vụ", en="one service for each name"),
        Text(vi="đổi tên ở một trong hai", en="rename one of the two"),
    )
    other = Related(first.file, first.line, Text(vi=owners[0].name, en=owners[0].name))
    document.add(path, trap, related=(other,))


def _check_options(document: Document, options: Mapping[str, Option], path: KeyPath) -> None:
    """Options, or columns of a table, are complete, and their examples and defaults are what a profile may say."""
    for name, option in options.items():
        here = (*path, name)
        _check_needs(document, option, options, here)
        if option.type == "table":
            _check_columns(document, option, here)
        elif option.columns or option.key is not None:
            document.add((*here, "columns" if option.columns else "key"), _NO_TABLE)
        if option.values and option.type not in _WITH_VALUES:
            document.add((*here, "values"), _NO_CHOICE)
        for key, value in (("example", option.example), ("default", option.default)):
            if (key == "example" or value is not None) and not document.is_spoilt(here):
                _check_value(document, option, value, (*here, key))


def _check_needs(document: Document, option: Option, options: Mapping[str, Option], path: KeyPath) -> None:
    """An option is set together with options that there are."""
    known = ", ".join(options)
    for index, needed in enumerate(option.needs):
        if needed not in options:
            trap = Trap(
                "no-option",
                Text(vi="không có tùy chọn này", en="there is no such option"),
                Text(vi=f"một trong: {known}", en=f"one of: {known}"),
                Text(vi="sửa tên tùy chọn", en="correct the option's name"),
            )
            document.add((*path, "needs", index), trap, suggestion=nearest(needed, options))


def _check_columns(document: Document, table: Option, path: KeyPath) -> None:
    """A table has columns that are no tables themselves, and its key, if it has one, is one of them."""
    if not table.columns:
        document.add_missing((*path, "columns"), _NO_COLUMNS, ["columns"])
        return
    for name, column in table.columns.items():
        if column.type == "table":
            document.add((*path, "columns", name, "type"), _NESTED)
    if table.key is not None and table.key not in table.columns:
        trap = not_allowed(list(table.columns), None)._replace(
            code="no-key", message=Text(vi="khóa không phải là một cột", en="the key is none of the columns")
        )
        document.add((*path, "key"), trap, suggestion=nearest(table.key, table.columns))
    _check_options(document, table.columns, (*path, "columns"))


def _check_value(document: Document, option: Option, value: Any, path: KeyPath) -> None:
    """An example or default is of its type, in its bounds, one of the closed choice; a row has known columns."""
    expected = expected_of(option, value, str(path[-2]))
    if expected is None and option.values:
        entries: Iterable[Any] = value if isinstance(value, tuple) else (value,)
        if any(item not in option.values for item in entries):
            allowed = ", ".join(map(str, option.values))
            expected = Text(vi=f"một trong: {allowed}", en=f"one of: {allowed}")
    if expected is not None:
        trap = Trap(
            "wrong-option",
            Text(vi="giá trị không hợp với tùy chọn", en="the value does not fit the option"),
            expected,
            Text(vi="sửa giá trị, hoặc mô tả của tùy chọn", en="correct the value, or the option's description"),
        )
        document.add(path, trap)
    elif option.type == "table":
        for index, row in enumerate(value):
            _check_row(document, option, row, (*path, index))


def _check_row(document: Document, table: Option, row: Any, path: KeyPath) -> None:
    named = row if isinstance(row, dict) else {}
    lacking = [name for name in table.required_columns() if name not in named]
    foreign = [name for name in named if name not in table.columns]
    if lacking or foreign or not isinstance(row, dict):
        names = ", ".join(lacking or foreign or table.columns)
        trap = Trap(
            "wrong-row",
            Text(vi="dòng không hợp với bảng", en="the row does not fit the table"),
            Text(vi=f"đúng các cột: {', '.join(table.columns)}", en=f"the table's columns: {', '.join(table.columns)}"),
            Text(vi=f"sửa: {names}", en=f"correct: {names}"),
        )
        document.add(path, trap)
        return
    for name, value in row.items():
        _check_value(document, table.columns[name], value, (*path, name))


_TWO_SOCKETS = Trap(
    "two-sockets",
    Text(vi="địa chỉ này có hai ứng dụng đứng sau", en="two applications stand behind this address"),
    Text(vi="socket hoặc fastcgi", en="socket or fastcgi"),
    Text(vi="xóa một trong hai", en="delete one of the two"),
)
_SAME_ZONE = Trap(
    "same-zone",
    Text(vi="trong cùng một vùng không cần chuyển tiếp", en="within one zone nothing is forwarded"),
    Text(vi="một vùng khác", en="another zone"),
    Text(vi="xóa vùng này ở from, hoặc sửa to", en="delete the zone from «from», or correct «to»"),
)
_NO_STEP = Trap(
    "no-step",
    Text(vi="bước này không nói rõ cách lưu dữ liệu", en="this step does not say how the data are saved"),
    Text(vi="command hoặc path; take đi cùng command", en="command or path; take with command"),
    Text(vi="viết một trong hai", en="write one of the two"),
)
_NO_TABLE = Trap(
    "no-table",
    Text(vi="chỉ bảng mới có cột và khóa", en="only a table has columns and a key"),
    Text(vi="type: table", en="type: table"),
    Text(vi="sửa type, hoặc xóa khóa này", en="correct the type, or delete this key"),
)
_NO_CHOICE = Trap(
    "no-choice",
    Text(vi="loại tùy chọn này không có danh sách giá trị", en="an option of this type has no list of values"),
    Text(vi=f"type: {' / '.join(_WITH_VALUES)}", en=f"type: {' / '.join(_WITH_VALUES)}"),
    Text(vi="sửa type, hoặc xóa values", en="correct the type, or delete values"),
)
_NO_COLUMNS = Trap(
    "no-columns",
    Text(vi="bảng không có cột nào", en="the table has no columns"),
    Text(vi="columns: {tên: tùy chọn}", en="columns: {name: option}"),
    Text(vi="thêm các cột", en="add the columns"),
)
_NESTED = Trap(
    "nested-table",
    Text(vi="bảng không nằm trong bảng", en="a table holds no tables"),
    Text(vi="một loại đơn, hoặc list", en="a scalar type, or list"),
    Text(vi="sửa type của cột", en="correct the column's type"),
)
