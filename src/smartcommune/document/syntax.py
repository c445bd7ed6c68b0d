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

_TAB_INDENT = re.compile(r" *\t[ \t]*[^\s#]")


def add_syntax_faults(document: Document, error: yaml.YAMLError) -> None:
    """Record what is wrong for the reader of the file; indentation by tabs is told for every line that has it."""
    tabbed = [number for number, line in enumerate(document.lines, 1) if _TAB_INDENT.match(line)]
    if tabbed and "token" in str(getattr(error, "problem", "")):
        for number in tabbed:
            line = document.lines[number - 1]
            document.add_at(number, line.index("\t") + 1, (), traps.TAB)
        document.spoilt.add(())
        return
    trap, line_number, column = _locate(document, error)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = document.lines[line_number - 1] if line_number <= len(document.lines) else ""
    found = line.strip()[:80]
    detail = Text(vi=f"{found!r} ({problem})", en=f"{found!r} ({problem})")
    document.spoilt.discard(())
    document.add_at(line_number, column, (), trap, found=detail)


def _locate(document: Document, error: yaml.YAMLError) -> tuple[Trap, int, int]:
    """Return the trap, and the line and column (from 1) to show."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return traps.SYNTAX, 1, 1
    problem, context = str(error.problem), str(error.context or "")
    at, opened = error.problem_mark, error.context_mark
    at = at or opened
    if at is None:
        return traps.SYNTAX, 1, 1
    if "quoted scalar" in context and opened is not None and "escape" not in problem:
        return traps.UNCLOSED_QUOTE, opened.line + 1, opened.column + 1
    if "escape" in problem:
        return traps.ESCAPE, at.line + 1, at.column + 1
    if "flow" in context and opened is not None:
        return _unclosed_bracket(document, opened, at)
    if "could not find expected ':'" in problem and opened is not None:
        return traps.MISSING_COLON, opened.line + 1, opened.column + 1
    if "mapping values" in problem:
        return traps.SECOND_COLON, at.line + 1, at.column + 1
    if "cannot start any token" in problem or "alias" in context or "anchor" in context:
        return traps.RESERVED_SIGN, at.line + 1, at.column + 1
    if "block" in context:
        return _in_block(document, at)
    return traps.SYNTAX, at.line + 1, at.column + 1


def _unclosed_bracket(document: Document, opened: yaml.Mark, at: yaml.Mark) -> tuple[Trap, int, int]:
    """Return the end of the last line of the bracket when what follows belongs outside, else where it was noticed."""
    following = document.lines[at.line] if at.line < len(document.lines) else ""
    opening = document.lines[opened.line]
    inside = _indent(following) > _indent(opening) and following.strip()
    if at.line == opened.line or inside:
        return traps.UNCLOSED_BRACKET, at.line + 1, at.column + 1
    number = at.line - 1
    while number > opened.line and not document.lines[number].split("#")[0].strip():
        number -= 1
    return traps.UNCLOSED_BRACKET, number + 1, len(document.lines[number].rstrip()) or 1


def _in_block(document: Document, at: yaml.Mark) -> tuple[Trap, int, int]:
    """Return why a key was not found in a block: closing bracket too many, or indentation."""
    line = document.lines[at.line] if at.line < len(document.lines) else ""
    sign = line[at.column : at.column + 1]
    if sign in {"}", "]", ","}:
        return traps.UNCLOSED_BRACKET, at.line + 1, at.column + 1
    return traps.INDENTATION, at.line + 1, at.column + 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
