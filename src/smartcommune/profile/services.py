"""The services that a profile chose, against the catalogue: names, components, options."""

from __future__ import annotations

import re
from types import UnionType
from typing import TYPE_CHECKING, Any

from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import to_flow, unknown_key
from smartcommune.profile.checks import unknown_host
from smartcommune.profile.files import check_file
from smartcommune.profile.models import COMPONENTS
from smartcommune.profile.texts import not_one_line
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smartcommune.catalogue.models import Catalogue, Option, Service
    from smartcommune.document.model import Document, KeyPath
    from smartcommune.profile.loaded import DataFile

LONGEST_TEXT = 500  # characters of an option
HOST_OPTION = "host"  # every chosen service may be pinned to a machine

_SECRET = Trap(
    "secret-in-profile",
    Text(vi="bí mật không được ghi trong hồ sơ", en="secrets never stand in a profile"),
    Text(vi="không ghi gì: bí mật được sinh ra và giữ ở dạng mã hóa", en="nothing: it is generated and kept encrypted"),
    Text(vi="xóa khóa này, và thay bí mật nếu hồ sơ đã được chia sẻ", en="delete it, and change it if it was shared"),
)
_TYPES: dict[str, tuple[type | UnionType, Text]] = {
    "string": (str, Text(vi="một chuỗi", en="text")),
    "file": (str, Text(vi="đường dẫn của một tệp", en="the path of a file")),
    "integer": (int, Text(vi="một số nguyên, không có dấu nháy", en="a whole number, without quotes")),
    "boolean": (bool, Text(vi="true hoặc false, không có dấu nháy", en="true or false, without quotes")),
    "number": (int | float, Text(vi="một số, không có dấu nháy", en="a number, without quotes")),
    "host": (str, Text(vi="tên của một máy trong «hosts»", en="the name of a host in «hosts»")),
    "table": (tuple, Text(vi="một danh sách các dòng", en="a list of rows")),
    "list": (tuple, Text(vi="một danh sách: [a, b]", en="a list: [a, b]")),
}


def chosen_services(document: Document) -> Iterator[tuple[str, str, KeyPath]]:
    """Return (component, service, path) for every service written in the file, known or not."""
    for component in document.mapping("components"):
        for name in document.mapping("components", component):
            yield component, name, ("components", component, name)
    for name in document.mapping("foundation"):
        yield "foundation", name, ("foundation", name)


def check_services(document: Document, catalogue: Catalogue, base: Path) -> dict[KeyPath, DataFile]:
    """Check every chosen service and return the files that options name; ``base`` is the profile's folder."""
    files: dict[KeyPath, DataFile] = {}
    for component, name, path in chosen_services(document):
        service = catalogue.get(name)
        if service is None:
            _unknown_service(document, catalogue, component, path)
        elif service.component != component and component in {*COMPONENTS, "foundation"}:
            _wrong_component(document, service, path)
        else:
            files |= _check_options(document, service, path, base)
    return files


def _unknown_service(document: Document, catalogue: Catalogue, component: str, path: KeyPath) -> None:
    name = str(path[-1])
    here = [service.name for service in catalogue.values() if service.component == component]
    suggestion = nearest(name, here) or nearest(name, catalogue, cutoff=0.75)
    trap = Trap(
        "unknown-service",
        Text(vi=f"không có dịch vụ «{name[:60]}»", en=f"there is no service «{name[:60]}»"),
        Text(vi=f"một trong: {', '.join(here) or '–'}", en=f"one of: {', '.join(here) or '–'}"),
        Text(vi="sửa tên dịch vụ hoặc xóa dòng này", en="correct the service's name or delete it"),
    )
    if suggestion is not None and suggestion not in here:
        suggestion = f"{catalogue[suggestion].component}.{suggestion}"
    document.add(path, trap, found=Text(vi=name, en=name), suggestion=suggestion, at_key=True)


def _wrong_component(document: Document, service: Service, path: KeyPath) -> None:
    group = "foundation" if service.component == "foundation" else f"components.{service.component}"
    trap = Trap(
        "wrong-component",
        Text(
            vi=f"dịch vụ «{service.name}» thuộc «{service.component}»",
            en=f"the service «{service.name}» belongs to «{service.component}»",
        ),
        Text(vi=f"{group}.{service.name}", en=f"{group}.{service.name}"),
        Text(vi=f"chuyển dịch vụ vào «{group}»", en=f"move the service under «{group}»"),
    )
    if service.component == "foundation":
        todo = Text(
            vi="xóa dòng này (dịch vụ nền tảng tự được cài), hoặc chuyển các tùy chọn vào «foundation»",
            en="delete it (foundation services are installed by themselves), or move its options under «foundation»",
        )
        trap = trap._replace(todo=todo)
    document.add(path, trap, suggestion=f"{group}.{service.name}", at_key=True)


def _check_options(document: Document, service: Service, path: KeyPath, base: Path) -> dict[KeyPath, DataFile]:
    """Check what is written for one service, and that nothing required is left out."""
    written = document.mapping(*path)
    files: dict[KeyPath, DataFile] = {}
    meant: set[str | None] = set()
    for key, value in written.items():
        option = service.options.get(key)
        if option is not None:
            _check_option(document, option, (*path, key), value)
            if option.type == "file" and isinstance(value, str) and not document.is_spoilt((*path, key)):
                found = check_file(document, (*path, key), value, base, option.header)
                files |= {(*path, key): found} if found is not None else {}
        elif key == HOST_OPTION and service.component != "foundation":
            _check_pin(document, (*path, key), value)
        elif key in {secret.name for secret in service.secrets}:
            document.add((*path, key), _SECRET, found=Text(vi=key, en=key), at_key=True)
        else:
            allowed = [*service.options, *([HOST_OPTION] if service.component != "foundation" else [])]
            suggestion = nearest(key, [name for name in allowed if name not in written])
            meant.add(suggestion)
            trap = unknown_key(key, allowed)
            document.add((*path, key), trap, found=Text(vi=key, en=key), suggestion=suggestion, at_key=True)
    for key, option in service.options.items():
        if key in written or key in meant:
            continue
        for_sake_of = [other for other in written if other in service.options and key in service.options[other].needs]
        if option.required or for_sake_of:
            document.add_missing((*path, key), _missing(key, option, for_sake_of), list(service.options))
    return files


def _check_option(document: Document, option: Option, path: KeyPath, value: Any) -> None:
    kind, expected = _TYPES[option.type]
    example = to_flow(option.example)
    todo = Text(vi=f"viết chẳng hạn: {example}", en=f"write for example: {example}")
    place = document.place(path)
    suggestion = None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        if kind is str and place.plain and place.raw:
            suggestion = f'"{place.raw}"'
            todo = Text(vi=f"đặt trong dấu nháy: {suggestion}", en=f"write it in quotes: {suggestion}")
    elif option.pattern and isinstance(value, str) and not re.fullmatch(option.pattern, value, re.ASCII):
        expected = Text(vi=option.description.vi, en=option.description.en)
    elif isinstance(value, int) and not _in_range(value, option):
        low, high = option.minimum, option.maximum
        bounds = f"{'' if low is None else f'{low} ≤ '}{path[-1]}{'' if high is None else f' ≤ {high}'}"
        expected = Text(vi=bounds, en=bounds)
    elif isinstance(value, str) and (wanted := not_one_line(value, LONGEST_TEXT)) is not None:
        expected = wanted
    else:
        return
    message = Text(vi="giá trị của tùy chọn không hợp lệ", en="the option's value is not valid")
    document.add(path, Trap("wrong-option", message, expected, todo), suggestion=suggestion)


def _in_range(value: int, option: Option) -> bool:
    return (option.minimum is None or value >= option.minimum) and (option.maximum is None or value <= option.maximum)


def _check_pin(document: Document, path: KeyPath, value: Any) -> None:
    hosts = document.mapping("hosts")
    if not isinstance(value, str) or value not in hosts:
        document.add(path, unknown_host(list(hosts)), suggestion=nearest(str(value), hosts))


def _missing(key: str, option: Option, for_sake_of: list[str]) -> Trap:
    example = to_flow(option.example)
    why = f" («{'», «'.join(for_sake_of)}»)" if for_sake_of else ""
    return Trap(
        "missing-option",
        Text(vi=f"thiếu tùy chọn bắt buộc «{key}»{why}", en=f"the required option «{key}» is missing{why}"),
        option.description,
        Text(vi=f"thêm: {key}: {example}", en=f"add: {key}: {example}"),
    )
