"""A document against a closed pydantic model: each of pydantic's errors as a fault that a person can act on."""

from __future__ import annotations

import re
import types
import typing
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from smartcommune.document.nearest import nearest
from smartcommune.document.scalars import resolve_plain
from smartcommune.document.traps import Trap
from smartcommune.keys import Key
from smartcommune.sizes import format_bytes
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from smartcommune.document.model import Document, KeyPath

M = TypeVar("M", bound=BaseModel)

_ALLOWED = re.compile(r"'([^']*)'|(\d+)")
_NEEDS_NO_QUOTES = re.compile(r"\w[^:#{}\[\],]*")
_YES = {"yes", "on", "y", "có"}
_NO = {"no", "off", "n", "không"}


def validate(document: Document, model: type[M]) -> M | None:
    """Return the document's data as ``model``, or None after recording every fault."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    meant: set[KeyPath] = set()
    for detail in details:
        if detail["type"] == "extra_forbidden":
            meant |= _unknown_key(document, model, detail["loc"])
    for detail in details:
        if detail["type"] == "too_short" and any(other["loc"][:-1] == detail["loc"] for other in details):
            continue  # pydantic leaves entries with a fault out of the count
        if detail["type"] != "extra_forbidden" and detail["loc"] not in meant:
            _add(document, model, detail)
    return None


def _add(document: Document, model: type[BaseModel], detail: ErrorDetails) -> None:
    """Record one of pydantic's errors."""
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, context = detail["type"], detail.get("ctx", {})
    at_key = "[key]" in detail["loc"]
    field = field_at(model, path)
    if kind == "missing":
        owner = model_at(model, path[:-1])
        document.add_missing(path, _missing(path, field), [name for name, _ in fields_of(owner)] if owner else [])
    elif kind == "literal_error":
        _not_allowed(document, path, context["expected"], at_key=at_key)
    elif kind == "value_error" and hasattr(context.get("error"), "expected"):
        error = context["error"]
        trap = _wrong(error.expected, _write(error.suggestion or _example(field)))
        document.add(path, trap, suggestion=error.suggestion)
    elif kind == "string_type" and document.place(path).plain and document.place(path).raw:
        quoted = f'"{document.place(path).raw}"'
        document.add(path, _needs_quotes(quoted), suggestion=quoted)
    elif kind == "bool_type":
        _not_a_truth_value(document, path)
    else:
        document.add(path, _wrong(_expected(kind, context, field), _write(_example(field))), at_key=at_key)


def field_at(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    """Return the model field that describes the value at ``path``; for items of a mapping, the mapping's field."""
    field: FieldInfo | None = None
    current: Any = model
    for key in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            found = dict(fields_of(current)).get(str(key))
            if found is None:
                return None
            field, current = found, _inner(found.annotation)
        else:
            current = _inner((typing.get_args(current) or (Any,))[-1])
    return field


def model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the mapping at ``path``, or None where keys are free."""
    current: Any = model
    for key in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = dict(fields_of(current)).get(str(key))
            if field is None:
                return None
            current = _inner(field.annotation)
        else:
            arguments = [item for item in typing.get_args(current) if item is not Ellipsis]
            current = _inner(arguments[-1]) if arguments else Any
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Return the keys as they are written, with their fields."""
    for name, field in model.model_fields.items():
        yield field.alias or name, field


def _inner(annotation: Any) -> Any:
    """Return the type without ``Annotated`` and ``| None``."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return _inner(next(item for item in typing.get_args(annotation) if item is not type(None)))
    return annotation


def _note(field: FieldInfo | None) -> Key | None:
    return next((item for item in field.metadata if isinstance(item, Key)), None) if field is not None else None


def _example(field: FieldInfo | None) -> str | None:
    note = _note(field)
    return None if note is None else to_flow(note.example)


def to_flow(value: Any) -> str:
    """Return an example as one writes it in YAML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value if _NEEDS_NO_QUOTES.fullmatch(value) and resolve_plain(value) == value else f'"{value}"'
        case dict():
            return "{" + ", ".join(f"{key}: {to_flow(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(to_flow(item) for item in value) + "]"
        case _:
            return str(value)


def _write(example: str | None) -> Text:
    if example is None:
        return Text(vi="sửa giá trị này", en="correct this value")
    return Text(vi=f"viết chẳng hạn: {example}", en=f"write for example: {example}")


def _wrong(expected: Text, todo: Text) -> Trap:
    return Trap("wrong-value", Text(vi="giá trị không hợp lệ", en="the value is not valid"), expected, todo)


def _needs_quotes(quoted: str) -> Trap:
    zeros = quoted.startswith('"0')
    return Trap(
        "needs-quotes",
        Text(
            vi="không có dấu nháy thì YAML không đọc đây là chuỗi" + (" (và bỏ các số 0 ở đầu)" if zeros else ""),
            en="without quotes YAML does not read this as text" + (" (and drops leading zeros)" if zeros else ""),
        ),
        Text(vi="một chuỗi", en="text"),
        Text(vi=f"đặt trong dấu nháy: {quoted}", en=f"write it in quotes: {quoted}"),
    )


def _missing(path: KeyPath, field: FieldInfo | None) -> Trap:
    key, note = str(path[-1]), _note(field)
    example = f"{key}: {_example(field) or '…'}"
    expected = (
        Text(vi=f"khóa «{key}»: {note.description_vi}", en=f"the key «{key}»: {note.description_en}")
        if note is not None
        else Text(vi=f"khóa «{key}»", en=f"the key «{key}»")
    )
    return Trap(
        "missing-key",
        Text(vi=f"thiếu khóa bắt buộc «{key}»", en=f"the required key «{key}» is missing"),
        expected,
        Text(vi=f"thêm: {example}", en=f"add: {example}"),
    )


def unknown_key(key: str, allowed: list[str], belongs: str | None = None) -> Trap:
    """Return the fault of a key that does not exist here; ``belongs`` says in words where it does exist."""
    names = ", ".join(allowed) or "–"
    todo = (
        Text(vi=f"chuyển khóa này vào «{belongs}»", en=f"move this key to «{belongs}»")
        if belongs
        else Text(vi="sửa tên khóa hoặc xóa dòng này", en="correct the key's name or delete it")
    )
    return Trap(
        "unknown-key",
        Text(vi=f"không có khóa «{key[:60]}» ở đây", en=f"there is no key «{key[:60]}» here"),
        Text(vi=f"một trong: {names}", en=f"one of: {names}"),
        todo,
    )


def _unknown_key(document: Document, model: type[BaseModel], path: KeyPath) -> set[KeyPath]:
    """Record an unknown key; return the key that was meant, so that it is not reported as missing too."""
    key, owner = str(path[-1]), model_at(model, path[:-1])
    allowed = [name for name, _ in fields_of(owner)] if owner is not None else []
    suggestion = nearest(key, [name for name in allowed if name not in document.mapping(*path[:-1])])
    meant: set[KeyPath] = {(*path[:-1], suggestion)} if suggestion else set()
    belongs = None
    if suggestion is None and (group := _group_of(model, key)) is not None:
        belongs, meant = (f"{group[0]}:" if group else f"{key}: (cột đầu / first column)"), {(*group, key)}
    trap = unknown_key(key, allowed, belongs)
    document.add(path, trap, found=Text(vi=key, en=key), suggestion=suggestion, at_key=True)
    return meant


def _group_of(model: type[BaseModel], key: str) -> tuple[str, ...] | None:
    """Return the path of the group that has ``key``: () for the first column, one name for a group below it."""
    fields = dict(fields_of(model))
    if key in fields:
        return ()
    for name in fields:
        group = model_at(model, (name,))
        if group is not None and key in dict(fields_of(group)):
            return (name,)
    return None


def not_allowed(allowed: list[str], suggestion: str | None) -> Trap:
    """Return the fault of a value that is not in a closed list."""
    names = ", ".join(allowed)
    return Trap(
        "not-in-list",
        Text(vi="giá trị không có trong danh sách", en="the value is not in the list"),
        Text(vi=f"một trong: {names}", en=f"one of: {names}"),
        _write(suggestion or allowed[0]),
    )


def _not_allowed(document: Document, path: KeyPath, expected: str, *, at_key: bool) -> None:
    allowed = [word or number for word, number in _ALLOWED.findall(expected)]
    written = str(path[-1]) if at_key else str(document.place(path).raw or "")
    suggestion = nearest(written, allowed, cutoff=0.5)
    found = Text(vi=written, en=written) if at_key else None
    document.add(path, not_allowed(allowed, suggestion), found=found, suggestion=suggestion, at_key=at_key)


def _not_a_truth_value(document: Document, path: KeyPath) -> None:
    raw = (document.place(path).raw or "").lower()
    suggestion = "true" if raw in _YES else "false" if raw in _NO else None
    expected = Text(vi="true hoặc false, không có dấu nháy", en="true or false, without quotes")
    document.add(path, _wrong(expected, _write(suggestion or "true")), suggestion=suggestion)


def _expected(kind: str, context: dict[str, Any], field: FieldInfo | None) -> Text:
    """Return what a value of the wrong type, form or size should have been."""
    note = _note(field)
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound = context.get("ge", context.get("le"))
        shown = format_bytes(bound) if isinstance(bound, int) and bound >= 1024**2 else str(bound)
        sign = "≥" if "ge" in context else "≤"
        return Text(vi=f"số {sign} {shown}", en=f"a number {sign} {shown}")
    if kind == "too_short":
        return Text(vi=f"ít nhất {context['min_length']} mục", en=f"at least {context['min_length']} entry")
    if kind == "string_too_short":
        return Text(vi=f"ít nhất {context['min_length']} ký tự", en=f"at least {context['min_length']} character")
    if kind == "string_too_long":
        return Text(vi=f"nhiều nhất {context['max_length']} ký tự", en=f"at most {context['max_length']} characters")
    if note is not None:
        return Text(vi=note.description_vi, en=note.description_en)
    if kind == "string_pattern_mismatch":
        return Text(vi=f"chuỗi khớp với {context['pattern']}", en=f"text that matches {context['pattern']}")
    return Text(vi="giá trị hợp lệ", en="a valid value")


_MAPPING = Text(
    vi="các khóa «khóa: giá trị» bên dưới, hoặc {} nếu để mặc định",
    en="keys «key: value» below it, or {} to leave all to the defaults",
)
_TYPES = {
    "string_type": Text(vi="một chuỗi", en="text"),
    "int_type": Text(vi="một số nguyên, không có dấu nháy", en="a whole number, without quotes"),
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": Text(vi="một danh sách: [a, b]", en="a list: [a, b]"),
}
