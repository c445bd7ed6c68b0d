"""A document: plain data, the place of each of its nodes, and the faults seen while reading it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from smartcommune.document.traps import Trap
from smartcommune.faults import Fault, Related
from smartcommune.text import Text

KeyPath = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[\w-]+")


class Place(NamedTuple):
    """Where a key (or list item) and its value stand, from 1; ``raw`` is a scalar as written, ``plain`` = unquoted."""

    line: int
    column: int
    value_line: int
    value_column: int
    raw: str | None
    plain: bool


@dataclass(slots=True)
class Document:
    """A file's data. ``spoilt`` holds the paths whose fault is already told, so that no second one follows from it."""

    file: str
    lines: list[str]
    data: Any = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    spoilt: set[KeyPath] = field(default_factory=set)

    def place(self, path: KeyPath) -> Place:
        """Return the place of ``path``, or of its nearest ancestor that is written down."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path) or Place(1, 1, 1, 1, None, plain=False)

    def is_spoilt(self, path: KeyPath) -> bool:
        """Tell whether ``path`` or an ancestor of it has a fault already."""
        return any(path[:length] in self.spoilt for length in range(len(path) + 1))

    def mapping(self, *path: str | int) -> dict[str, Any]:
        """Return the mapping at ``path``, or an empty one when there is none: for checks of partly broken files."""
        node = self.data
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else {}

    def see(self, path: KeyPath, text: Text | None = None) -> Related:
        """Return ``path`` as another place to look at, with what stands there; by default its own name."""
        name = join_key(path)
        return Related(self.file, self.place(path).line, text or Text(vi=name, en=name))

    def add(
        self,
        path: KeyPath,
        trap: Trap,
        *,
        found: Text | None = None,
        suggestion: str | None = None,
        related: tuple[Related, ...] = (),
        at_key: bool = False,
    ) -> None:
        """Record a fault at the value of ``path`` (or at its key), unless one was recorded there already."""
        if self.is_spoilt(path):
            return
        place = self.place(path)
        line, column = (place.line, place.column) if at_key else (place.value_line, place.value_column)
        self.add_at(line, column, path, trap, found=found, suggestion=suggestion, related=related)

    def add_missing(self, path: KeyPath, trap: Trap, order: list[str]) -> None:
        """Record that the key ``path`` is missing, where it would stand by the ``order`` of its group's keys."""
        parent, key = path[:-1], path[-1]
        if self.is_spoilt(path):
            return
        before = order[: order.index(str(key))] if key in order else []
        present = [name for name in before if (*parent, name) in self.places]
        place = self.place(parent)
        line, column = place.value_line, place.value_column
        if not present and not parent:
            line, column = self._end_of_header(), 1
        if present:
            anchor = (*parent, present[-1])
            under = [at for known, at in self.places.items() if known[: len(anchor)] == anchor]
            line, column = max(at.value_line for at in under), self.places[anchor].column
        self.add_at(line, column, path, trap, found=Text(vi="không có", en="nothing"))

    def _end_of_header(self) -> int:
        """Return the line below the comment that a file begins with."""
        return next((number for number, line in enumerate(self.lines, 1) if not line.startswith("#")), 1)

    def add_at(
        self,
        line: int,
        column: int,
        path: KeyPath,
        trap: Trap,
        *,
        found: Text | None = None,
        suggestion: str | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        """Record a fault at a line and column, both from 1."""
        code, message, expected, todo = trap
        found = found or self.found(path)
        fault = Fault(
            self.file, line, column, join_key(path), code, message, found, expected, todo, suggestion, related
        )
        self.faults.append(fault.with_excerpt(self.lines))
        self.spoilt.add(path)

    def found(self, path: KeyPath) -> Text:
        """Return what stands at ``path``, as written."""
        place = self.places.get(path)
        if place is not None and place.raw:
            shown = place.raw if len(place.raw) <= 80 else f"{place.raw[:77]}..."
            return Text(vi=repr(shown), en=repr(shown)) if not place.plain else Text(vi=shown, en=shown)
        node = self.data
        for key in path:
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                return Text(vi="không có gì", en="nothing")
        return describe(node)


def join_key(path: KeyPath) -> str:
    """Return ``hosts.server-1.languages[0]`` for a path; keys with odd characters are quoted."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _PLAIN_KEY.fullmatch(key) else repr(key[:60]))
    return text


def describe(node: Any) -> Text:
    """Return what kind of value ``node`` is, in words."""
    match node:
        case None:
            return Text(vi="giá trị trống", en="an empty value")
        case bool():
            return Text(vi=f"đúng/sai ({str(node).lower()})", en=f"a true/false value ({str(node).lower()})")
        case int() | float():
            return Text(vi=f"số {node}", en=f"the number {node}")
        case str():
            return Text(vi=f"chuỗi {node[:80]!r}", en=f"the text {node[:80]!r}")
        case dict():
            return Text(vi="một nhóm khóa (mapping)", en="a mapping")
        case _:
            return Text(vi="một danh sách", en="a list")
