"""PyYAML's syntax errors as faults at the line a person has to mend.

The parser tells where it gave up, which may be far below the mistake: a quote or bracket that is not closed, or a
colon that is missing, is told where it was opened.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from smartcommune.document import traps
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.document.model import Document
    from smartcommune.document.traps import Trap

_OPEN_QUOTE = re.compile(r"""(?:[:,\[{-]\s+|[\[{])(?P<quote>"(?:[^"\\]|\\.)*|'(?:[^']|'')*)$""")
_TAB_INDENT = re.compile(r" *\t[ \t]*[^\s#]")

# parts of the parser's words, and what they mean whatever stands around them, or when nothing else explains the error
_CERTAIN = {"escape": traps.ESCAPE, "nesting depth": traps.TOO_DEEP}
_LIKELY = {
    "mapping values": traps.SECOND_COLON,
    "cannot start any token": traps.RESERVED_SIGN,
    "alias": traps.RESERVED_SIGN,
    "anchor": traps.RESERVED_SIGN,
}


def add_syntax_faults(document: Document, error: yaml.YAMLError, bracket: tuple[int, int] | None) -> None:
    """Record what is wrong for the reader of the file; indentation by tabs is told for every line that has it.

    ``bracket`` is where the innermost bracket stands that is open, line and column from 1.
    """
    tabbed = [number for number, line in enumerate(document.lines, 1) if _TAB_INDENT.match(line)]
    if tabbed and "token" in str(getattr(error, "problem", "")):
        for number in tabbed:
            line = document.lines[number - 1]
            document.add_at(number, line.index("\t") + 1, (), traps.TAB)
        document.spoilt.add(())
        return
    trap, line_number, column = _locate(document, error, bracket)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = document.lines[line_number - 1] if line_number <= len(document.lines) else ""
    found = line.strip()[:80]
    detail = Text(vi=f"{found!r} ({problem})", en=f"{found!r} ({problem})")
    document.spoilt.discard(())
    document.add_at(line_number, column, (), trap, found=detail)


def _locate(document: Document, error: yaml.YAMLError, bracket: tuple[int, int] | None) -> tuple[Trap, int, int]:
    """Return the trap, and the line and column (from 1) to show."""
    at = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or at is None:
        return traps.SYNTAX, 1, 1
    problem, context = str(error.problem), str(error.context or "")
    for words, trap in _CERTAIN.items():
        if words in problem:
            return trap, at.line + 1, at.column + 1
    if (quote := _open_quote(document, error, at)) is not None:
        return traps.UNCLOSED_QUOTE, *quote
    if bracket is not None:
        return _unclosed_bracket(document, bracket[0] - 1, at)
    if "could not find expected ':'" in problem and error.context_mark is not None:
        return traps.MISSING_COLON, error.context_mark.line + 1, error.context_mark.column + 1
    if "block" in context and "cannot start any token" not in problem:
        return _in_block(document, at)
    if "document start" in problem and (end := _end_mark(document, at)) is not None:
        return traps.SECOND_DOCUMENT, end, 1
    if "document start" in problem and () in document.places:
        root = document.places[()]
        return traps.INDENTATION if root.raw is None else traps.MISSING_COLON, root.line, root.column
    for words, trap in _LIKELY.items():
        if words in problem or words in context:
            return trap, at.line + 1, at.column + 1
    return traps.SYNTAX, at.line + 1, at.column + 1


def _end_mark(document: Document, at: yaml.Mark) -> int | None:
    """Return the line after which text stands although the document was ended there by ``...``."""
    above = document.lines[: at.line]
    return next((number for number, line in enumerate(above, 1) if line.rstrip() == "..."), None)


def _open_quote(document: Document, error: yaml.MarkedYAMLError, at: yaml.Mark) -> tuple[int, int] | None:
    """Return where a quote is opened that its line does not close: a later value's quote did, or nothing at all."""
    for number, line in enumerate(document.lines[: at.line + 1], 1):
        if _content(line) and (match := _OPEN_QUOTE.search(line)):
            return number, match.start("quote") + 1
    if "quoted scalar" in str(error.context) and error.context_mark is not None:
        return error.context_mark.line + 1, error.context_mark.column + 1
    return None


def _unclosed_bracket(document: Document, opened: int, at: yaml.Mark) -> tuple[Trap, int, int]:
    """Return where the mistake was noticed, or the last line inside the bracket when text outside it came first."""
    lines = document.lines
    outer = _indent(lines[opened])
    for number in range(opened + 1, min(at.line + 1, len(lines))):
        content = _content(lines[number])
        if content and _indent(lines[number]) <= outer and content[0] not in "}]":
            return traps.UNCLOSED_BRACKET, *_end_before(lines, number, opened)
    if at.line >= len(lines) or not _content(lines[at.line]):
        return traps.UNCLOSED_BRACKET, *_end_before(lines, min(at.line, len(lines)), opened)
    return traps.UNCLOSED_BRACKET, at.line + 1, at.column + 1


def _end_before(lines: list[str], number: int, first: int) -> tuple[int, int]:
    """Return the end of the last line with content above index ``number``, from 1."""
    number -= 1
    while number > first and not _content(lines[number]):
        number -= 1
    return number + 1, len(lines[number].rstrip()) or 1


def _in_block(document: Document, at: yaml.Mark) -> tuple[Trap, int, int]:
    """Return why a key was not found: a closing bracket too many, or indentation – of this line, or of one above."""
    lines = document.lines
    line = lines[at.line] if at.line < len(lines) else ""
    if line[at.column : at.column + 1] in {"}", "]", ","}:
        return traps.STRAY_BRACKET, at.line + 1, at.column + 1
    if _content(line).startswith("-"):  # a list item among keys
        return traps.INDENTATION, at.line + 1, at.column + 1
    above = [number for number in range(at.line) if _content(lines[number])]
    step = min((_indent(lines[number]) for number in above if _indent(lines[number]) > 1), default=2)
    parent = next((number for number in reversed(above) if _indent(lines[number]) < at.column), None)
    if parent is not None:
        outer, first = _indent(lines[parent]), above[above.index(parent) + 1 :]
        if outer % step and not at.column % step:
            return traps.INDENTATION, parent + 1, outer + 1
        if first and at.column == outer + step:
            return traps.INDENTATION, first[0] + 1, _indent(lines[first[0]]) + 1
    return traps.INDENTATION, at.line + 1, at.column + 1


def _content(line: str) -> str:
    """Return the line without blanks and a comment of its own."""
    text = line.strip()
    return "" if text.startswith("#") else text


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
