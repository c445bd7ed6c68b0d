"""From YAML text to data with places: one pass over the parser's events, bounded in depth, nodes and aliases.

PyYAML's composer is not used: it resolves by YAML 1.1, keeps the last of duplicate keys, and recurses. Events come
from libyaml where PyYAML has it, and from its pure parser elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from smartcommune.document import traps
from smartcommune.document.model import Document, KeyPath, Place
from smartcommune.document.scalars import resolve_plain
from smartcommune.document.syntax import add_syntax_faults
from smartcommune.document.traps import Trap
from smartcommune.faults import Related
from smartcommune.text import Text

MAX_NODES = 5_000  # after aliases are expanded; the largest catalogue entry has some hundreds
MAX_DEPTH = 24

_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\u3000\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # as escapes: the reader refuses them as they are
_TYPOGRAPHIC_QUOTES = frozenset("“”‘’„«»")


class PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for installations without libyaml."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)


try:
    from yaml._yaml import CParser
except ImportError:
    EventParser: Any = PureParser
else:
    EventParser = CParser


class _StopError(Exception):
    """The rest of the document is not worth reading; the reason is recorded as a fault."""


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    path: KeyPath
    place: tuple[int, int]  # where its key or item stands
    start: tuple[int, int]
    first_entry: int
    anchor: str | None
    flow: bool  # written with brackets
    mapping: dict[str, Any] | None
    items: list[Any] = field(default_factory=list)
    key: str | None = None
    key_place: tuple[int, int] = (1, 1)
    discard_key: bool = False


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A finished anchored node: its value and the entries of its places."""

    value: Any
    path: KeyPath
    first_entry: int
    end_entry: int


class _Composer:
    """The state of one pass."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.entries: list[tuple[KeyPath, Place]] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, _Anchor | None] = {}

    def run(self, parser: Any) -> None:
        """Read all events; raises yaml.YAMLError on a syntax error and _StopError when a limit is exceeded."""
        documents = 0
        while True:
            event = parser.get_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._open(event, mapping=kind is yaml.MappingStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._second_document(event)
            elif kind is yaml.StreamEndEvent:
                return

    def unwind(self) -> None:
        """Keep what was read before the pass ended early."""
        while self.stack:
            self._close()

    # -- nodes -------------------------------------------------------------------------------------------------

    def _scalar(self, event: Any) -> None:
        """Take a scalar as a key or as a value."""
        mark = event.start_mark
        start = (mark.line + 1, mark.column + 1)
        top = self.stack[-1] if self.stack else None
        raw: str = event.value
        plain = event.implicit[0] and not event.style  # libyaml says "", the pure parser None
        if not raw.isascii():
            raw = unicodedata.normalize("NFC", raw)
        if top is not None and top.mapping is not None and top.key is None and not top.discard_key:
            self._key(event, top, raw, start, plain=plain)
            return
        path, place = self._target(start)
        value = resolve_plain(raw) if plain else raw
        self._record(path, place, start, raw, plain=plain)
        if event.tag is not None and not plain:
            self._tag(event.tag, path)
        elif not raw.isascii():
            self._odd_signs(raw, path, plain=plain)
        elif not raw.isprintable() and _CONTROL.search(raw):
            self._fault(start, path, traps.CONTROL_SIGN)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchor(value, path, len(self.entries) - 1, len(self.entries))
        self._give(value)

    def _key(self, event: Any, top: _Open, raw: str, start: tuple[int, int], *, plain: bool) -> None:
        """Take a scalar as the key that the next node belongs to."""
        path = (*top.path, raw)
        top.key_place = start
        if plain and raw == "<<":
            self._fault(start, path, traps.MERGE_KEY)
            top.discard_key = True
            return
        if plain and raw in {"", "~", "null"}:
            self._fault(start, path, traps.EMPTY_KEY)
            top.discard_key = True
            return
        if top.mapping is not None and raw in top.mapping:
            first = next(place for known, place in reversed(self.entries) if known == path)
            self._fault(start, path, traps.DUPLICATE_KEY, related=(_first_seen(self.document.file, first),))
        elif event.tag is not None and not plain:
            self._fault(start, path, traps.TAG)
        elif not raw.isascii() and _INVISIBLE.search(raw):
            self._fault(start, path, traps.INVISIBLE_SIGN)
        top.key = raw

    def _open(self, event: Any, *, mapping: bool) -> None:
        mark = event.start_mark
        start = (mark.line + 1, mark.column + 1)
        if len(self.stack) >= MAX_DEPTH:
            self._fault(start, self.stack[-1].path, traps.TOO_DEEP)
            raise _StopError
        if self.stack and self.stack[-1].mapping is not None:
            top = self.stack[-1]
            if top.key is None and not top.discard_key:
                self._fault(start, top.path, traps.COMPLEX_KEY)
                raise _StopError
        path, place = self._target(start)
        empty: dict[str, Any] | None = {} if mapping else None
        entries, flow = len(self.entries), bool(event.flow_style)
        self.stack.append(_Open(path, place, start, entries, event.anchor, flow, empty))
        self._record(path, place, start, None, plain=False)
        if event.tag is not None:
            self._tag(event.tag, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = None

    def _close(self) -> None:
        done = self.stack.pop()
        value = done.mapping if done.mapping is not None else tuple(done.items)
        if done.anchor is not None:
            self.anchors[done.anchor] = _Anchor(value, done.path, done.first_entry, len(self.entries))
        self._give(value)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        start = (mark.line + 1, mark.column + 1)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.mapping is not None and top.key is None and not top.discard_key:
            self._fault(start, top.path, traps.COMPLEX_KEY)
            raise _StopError
        path, place = self._target(start)
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            self._fault(start, path, traps.CYCLE if event.anchor in self.anchors else traps.UNKNOWN_ALIAS)
            raise _StopError
        depth = len(anchor.path)
        for known, at in self.entries[anchor.first_entry : anchor.end_entry]:
            self._record((*path, *known[depth:]), place, start, at.raw, plain=at.plain)
        self._give(anchor.value)

    # -- bookkeeping -------------------------------------------------------------------------------------------

    def _target(self, start: tuple[int, int]) -> tuple[KeyPath, tuple[int, int]]:
        """Return the path of the node that begins, and where its key or item stands."""
        if not self.stack:
            return (), start
        top = self.stack[-1]
        if top.mapping is None:
            return (*top.path, len(top.items)), start
        return (*top.path, top.key if top.key is not None else "<<"), top.key_place

    def _give(self, value: Any) -> None:
        """Hand a finished value to the node that contains it."""
        if not self.stack:
            self.document.data = value
            return
        top = self.stack[-1]
        if top.mapping is None:
            top.items.append(value)
        elif top.key is not None:
            top.mapping[top.key] = value
        top.key, top.discard_key = None, False

    def _record(
        self, path: KeyPath, place: tuple[int, int], start: tuple[int, int], raw: str | None, *, plain: bool
    ) -> None:
        if len(self.entries) >= MAX_NODES:
            self._fault(start, path, traps.TOO_MANY_NODES)
            raise _StopError
        self.entries.append((path, Place(*place, *start, raw, plain)))

    # -- faults ------------------------------------------------------------------------------------------------

    def _fault(self, start: tuple[int, int], path: KeyPath, trap: Trap, *, related: tuple[Related, ...] = ()) -> None:
        """Record a fault at ``start`` with what is written there."""
        lines = self.document.lines
        source = lines[start[0] - 1] if start[0] <= len(lines) else ""
        found = source[start[1] - 1 : start[1] + 59].strip()
        self.document.add_at(*start, path, trap, found=Text(vi=found, en=found), related=related)

    def _tag(self, tag: str, path: KeyPath) -> None:
        place = self.entries[-1][1]
        if tag != "!":
            self._fault((place.value_line, place.value_column), path, traps.TAG)

    def _odd_signs(self, raw: str, path: KeyPath, *, plain: bool) -> None:
        place = self.entries[-1][1]
        start = (place.value_line, place.value_column)
        if plain and raw[0] in _TYPOGRAPHIC_QUOTES:
            self._fault(start, path, traps.TYPOGRAPHIC_QUOTE)
        elif _CONTROL.search(raw):
            self._fault(start, path, traps.CONTROL_SIGN)
        elif _INVISIBLE.search(raw):
            self._fault(start, path, traps.INVISIBLE_SIGN)

    def _second_document(self, event: Any) -> None:
        self._fault((event.start_mark.line + 1, 1), (), traps.SECOND_DOCUMENT)
        raise _StopError


def _first_seen(file: str, place: Place) -> Related:
    return Related(file, place.line, Text(vi="viết lần đầu ở đây", en="first written here"))


def compose(text: str, file: str) -> Document:
    """Return the document in ``text`` (already decoded, without byte order mark); faults are recorded in it."""
    document = Document(file, re.split(r"\r\n|\r|\n", text))
    composer = _Composer(document)
    try:
        composer.run(EventParser(text))
    except yaml.YAMLError as error:
        bracket = next((item.start for item in reversed(composer.stack) if item.flow), None)
        composer.unwind()
        document.places = dict(composer.entries)
        add_syntax_faults(document, error, bracket)
        document.spoilt.add(())
    except _StopError:
        composer.unwind()
        document.spoilt.add(())
    document.places = dict(composer.entries)
    return document
