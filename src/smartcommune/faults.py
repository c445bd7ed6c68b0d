"""A fault: one thing that is wrong in an input file, where it stands, and what to do about it, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from smartcommune.text import Language, Text

_LABELS = {
    "found": Text(vi="tìm thấy", en="found"),
    "expected": Text(vi="cần có", en="expected"),
    "todo": Text(vi="cách sửa", en="to do"),
    "suggestion": Text(vi="có phải", en="did you mean"),
    "related": Text(vi="xem thêm", en="see also"),
}
_LONGEST_EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has to do with a fault: the other side of a conflict, say."""

    file: str
    line: int
    text: Text


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Lines and columns count from 1; ``key`` is the path of keys joined by dots; ``code`` never changes."""

    file: str
    line: int
    column: int
    key: str
    code: str
    message: Text
    found: Text
    expected: Text
    todo: Text
    suggestion: str | None = None
    related: tuple[Related, ...] = ()
    excerpt: str = ""

    def render(self, language: Language) -> str:
        """Return the fault as lines of text: place, message, the source line with a caret, what to do."""
        key = f"{self.key}: " if self.key else ""
        lines = [f"{self.file}:{self.line}:{self.column}: {key}{self.message.get(language)}"]
        if self.excerpt:
            shown, column = _window(self.excerpt, self.column)
            number = str(self.line)
            lines += [f"  {number} | {shown}", f"  {' ' * len(number)} | {' ' * (column - 1)}^"]
        for name in ("found", "expected", "todo"):
            lines.append(_labelled(name, getattr(self, name).get(language), language))
        if self.suggestion:
            lines.append(_labelled("suggestion", f"{self.suggestion}?", language))
        for other in self.related:
            lines.append(_labelled("related", f"{other.file}:{other.line}: {other.text.get(language)}", language))
        return "\n".join(_printable(line) for line in lines)

    def to_plain(self) -> dict[str, Any]:
        """Return the fault as dicts, lists and scalars, each text in both languages."""
        texts = {name: getattr(self, name).model_dump() for name in ("message", "found", "expected", "todo")}
        related = [{"file": item.file, "line": item.line, "text": item.text.model_dump()} for item in self.related]
        place = {"file": self.file, "line": self.line, "column": self.column, "key": self.key, "code": self.code}
        return place | texts | {"suggestion": self.suggestion, "related": related, "excerpt": self.excerpt}

    def with_excerpt(self, lines: list[str]) -> Fault:
        """Return a copy that quotes its line of the file."""
        return replace(self, excerpt=lines[self.line - 1].rstrip() if self.line <= len(lines) else "")


def _labelled(name: str, text: str, language: Language) -> str:
    """Return one aligned line ``label: text``."""
    width = max(len(label.get(language)) for label in _LABELS.values()) + 1
    return f"    {_LABELS[name].get(language) + ':':<{width}} {text}"


def _window(excerpt: str, column: int) -> tuple[str, int]:
    """Return the part of a long line around ``column``, and the column inside it."""
    start = max(0, column - 1 - _LONGEST_EXCERPT // 2) if len(excerpt) > _LONGEST_EXCERPT else 0
    part = excerpt[start : start + _LONGEST_EXCERPT]
    return part, column - start


def _printable(line: str) -> str:
    """Return a line that does nothing to a terminal: tabs, escapes and oddities become blanks."""
    return "".join(sign if sign.isprintable() else " " for sign in line)
