"""What a profile writes for a service's options, against their description in the catalogue: scalars, lists, tables."""

from __future__ import annotations

import math
import re
from types import UnionType
from typing import TYPE_CHECKING, Any

from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import not_allowed, to_flow, unknown_key
from smartcommune.profile.checks import unknown_host
from smartcommune.profile.files import check_file
from smartcommune.profile.texts import not_one_line
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartcommune.catalogue.models import Option
    from smartcommune.document.model import Document, KeyPath
    from smartcommune.profile.loaded import DataFile

Files = dict["KeyPath", "DataFile"]

LONGEST_TEXT = 500  # characters of an option
_TYPES: dict[str, tuple[type | UnionType, Text]] = {
    "string": (str, Text(vi="một chuỗi", en="text")),
    "file": (str, Text(vi="đường dẫn của một tệp", en="the path of a file")),
    "host": (str, Text(vi="tên của một máy trong «hosts»", en="the name of a host in «hosts»")),
    "integer": (int, Text(vi="một số nguyên, không có dấu nháy", en="a whole number, without quotes")),
    "number": (int | float, Text(vi="một số, không có dấu nháy", en="a number, without quotes")),
    "boolean": (bool, Text(vi="true hoặc false, không có dấu nháy", en="true or false, without quotes")),
    "list": (tuple, Text(vi="một danh sách: [a, b]", en="a list: [a, b]")),
    "table": (tuple, Text(vi="một danh sách các dòng, mỗi dòng một nhóm khóa", en="a list of rows, each a mapping")),
}
_ROW = Text(vi="một nhóm khóa: {cột: giá trị}", en="a mapping: {column: value}")


def check_option(document: Document, option: Option, path: KeyPath, value: Any, base: Path) -> Files:
    """Check one value, and return the files that it names; ``base`` is the profile's folder."""
    expected = expected_of(option, value, str(path[-1]))
    if expected is not None:
        _wrong(document, option, path, value, expected)
    elif option.type == "table":
        return _check_rows(document, option, path, value, base)
    elif option.values:
        _check_choice(document, option, path, value)
    elif option.type == "host":
        hosts = document.mapping("hosts")
        if value not in hosts:
            document.add(path, unknown_host(list(hosts)), suggestion=nearest(value, hosts))
    elif option.type == "file" and not document.is_spoilt(path):
        found = check_file(document, path, value, base, option.header)
        return {} if found is None else {path: found}
    return {}


def check_missing(
    document: Document,
    described: Mapping[str, Option],
    path: KeyPath,
    written: Mapping[str, Any],
    meant: set[str | None],
    required: tuple[str, ...],
) -> None:
    """Record what is ``required``, or goes with what is written, and is neither there nor ``meant`` by another key."""
    for key, option in described.items():
        if key in written or key in meant:
            continue
        for_sake_of = [other for other in written if other in described and key in described[other].needs]
        if key in required or for_sake_of:
            document.add_missing((*path, key), _missing(key, option, for_sake_of), list(described))


def expected_of(option: Option, value: Any, name: str) -> Text | None:
    """Return what a value should have been by its type, pattern and bounds, or None when it is so."""
    kind, expected = _TYPES[option.type]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return expected
    if isinstance(value, str):
        if option.pattern and not re.fullmatch(option.pattern, value, re.ASCII):
            return Text(vi=option.description.vi, en=option.description.en)
        return not_one_line(value, LONGEST_TEXT)
    if isinstance(value, float) and not math.isfinite(value):
        return expected
    if isinstance(value, int | float) and not _in_range(value, option):
        low, high = option.minimum, option.maximum
        bounds = f"{'' if low is None else f'{low} ≤ '}{name}{'' if high is None else f' ≤ {high}'}"
        return Text(vi=bounds, en=bounds)
    return None


def _wrong(document: Document, option: Option, path: KeyPath, value: Any, expected: Text) -> None:
    example, place, suggestion = to_flow(option.example), document.place(path), None
    todo = Text(vi=f"viết chẳng hạn: {example}", en=f"write for example: {example}")
    if _TYPES[option.type][0] is str and not isinstance(value, str) and place.plain and place.raw:
        suggestion = f'"{place.raw}"'
        todo = Text(vi=f"đặt trong dấu nháy: {suggestion}", en=f"write it in quotes: {suggestion}")
    message = Text(vi="giá trị của tùy chọn không hợp lệ", en="the option's value is not valid")
    document.add(path, Trap("wrong-option", message, expected, todo), suggestion=suggestion)


def _in_range(value: float, option: Option) -> bool:
    return (option.minimum is None or value >= option.minimum) and (option.maximum is None or value <= option.maximum)


def _check_choice(document: Document, option: Option, path: KeyPath, value: Any) -> None:
    """A value, or each entry of a list, is one of those that the option has."""
    allowed = [str(item) for item in option.values]
    for item, at in (
        [(item, (*path, index)) for index, item in enumerate(value)] if isinstance(value, tuple) else [(value, path)]
    ):
        if item not in option.values or isinstance(item, bool):
            suggestion = nearest(str(item), allowed, cutoff=0.5)
            document.add(at, not_allowed(allowed, suggestion), suggestion=suggestion)


def _check_rows(document: Document, table: Option, path: KeyPath, rows: tuple[Any, ...], base: Path) -> Files:
    """Check each row of a table, and that the key's values differ."""
    files: Files = {}
    seen: dict[Any, KeyPath] = {}
    for index, row in enumerate(rows):
        here = (*path, index)
        if not isinstance(row, dict):
            _wrong(document, table, here, row, _ROW)
            continue
        files |= _check_row(document, table, here, row, base)
        value = row.get(table.key) if table.key is not None else None
        if isinstance(value, str | int | float) and not document.is_spoilt((*here, str(table.key))):
            first = seen.setdefault(value, here)
            if first != here:
                _twice(document, (*here, str(table.key)), value, (*first, str(table.key)))
    return files


def _check_row(document: Document, table: Option, path: KeyPath, row: dict[str, Any], base: Path) -> Files:
    files: Files = {}
    meant: set[str | None] = set()
    for key, value in row.items():
        column = table.columns.get(key)
        if column is not None:
            files |= check_option(document, column, (*path, key), value, base)
            continue
        suggestion = nearest(key, [name for name in table.columns if name not in row])
        meant.add(suggestion)
        trap = unknown_key(key, list(table.columns))
        document.add((*path, key), trap, found=Text(vi=key, en=key), suggestion=suggestion, at_key=True)
    check_missing(document, table.columns, path, row, meant, table.required_columns())
    return files


def _twice(document: Document, path: KeyPath, value: object, first: KeyPath) -> None:
    trap = Trap(
        "row-twice",
        Text(vi=f"đã có một dòng với {path[-1]} này", en=f"there is a row with this {path[-1]} already"),
        Text(vi=f"mỗi {path[-1]} một dòng", en=f"one row for each {path[-1]}"),
        Text(vi="sửa giá trị, hoặc xóa một trong hai dòng", en="correct the value, or delete one of the two rows"),
    )
    text = Text(vi=str(value), en=str(value))
    document.add(path, trap, related=(document.see(first, text),))


def _missing(key: str, option: Option, for_sake_of: list[str]) -> Trap:
    example = to_flow(option.example)
    why = f" («{'», «'.join(for_sake_of)}»)" if for_sake_of else ""
    return Trap(
        "missing-option",
        Text(vi=f"thiếu tùy chọn bắt buộc «{key}»{why}", en=f"the required option «{key}» is missing{why}"),
        option.description,
        Text(vi=f"thêm: {key}: {example}", en=f"add: {key}: {example}"),
    )
