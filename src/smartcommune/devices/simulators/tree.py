"""A configuration of lines under lines, as simulators of IOS and VRP keep it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass
class Tree:
    """Lines of the first column, and sections with theirs. A section is there from the moment it is entered."""

    top: list[str] = field(default_factory=list)
    sections: dict[str, list[str]] = field(default_factory=dict)

    def copy(self) -> Tree:
        """Return another one with the same lines."""
        return copy.deepcopy(self)

    def lines(self, section: str | None) -> list[str]:
        """Return the lines of a section, made if it is not there; None: the first column's."""
        return self.top if section is None else self.sections.setdefault(section, [])

    def put(self, section: str | None, line: str, replaces: str | None = None) -> None:
        """Have a line; ``replaces`` is the beginning of the one whose place it takes."""
        lines = self.lines(section)
        if replaces is not None:
            lines[:] = [each for each in lines if not each.startswith(replaces)]
        if line not in lines:
            lines.append(line)

    def drop(self, section: str | None, beginning: str) -> bool:
        """Remove the lines that are, or begin with, some words; return whether there were any."""
        lines = self.lines(section)
        kept = [each for each in lines if each != beginning and not each.startswith(beginning + " ")]
        found = len(kept) < len(lines)
        lines[:] = kept
        return found

    def has(self, section: str | None, pattern: str) -> bool:
        """Return whether a line matches."""
        lines = self.top if section is None else self.sections.get(section, [])
        return any(re.fullmatch(pattern, line) for line in lines)

    def to_plain(self) -> dict[str, Any]:
        """Return a copy for the memory."""
        return {"top": [*self.top], "sections": {name: [*lines] for name, lines in self.sections.items()}}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Tree:
        """Return it from the memory."""
        return cls([*plain["top"]], {name: [*lines] for name, lines in plain["sections"].items()})


class Known(NamedTuple):
    """A line that a view knows. A new one takes the place of that which begins with ``replaces``.

    ``taken_back`` is the short form by which it is negated, where the device takes no other.
    """

    pattern: str
    replaces: str | None = None
    taken_back: str | None = None


def apply(
    tree: Tree,
    section: str | None,
    line: str,
    known: Iterable[Known],
    negation: str,
    shown: Callable[[str], str] = str,
) -> bool:
    """Change a configuration by one line; return whether the view knows it. ``shown`` hides what is not shown."""
    words = line.removeprefix(negation)
    for each in known:
        if re.fullmatch(each.pattern, line):
            tree.put(section, shown(line), each.replaces)
            return True
        if words != line and (
            words == each.taken_back or (each.taken_back is None and re.fullmatch(each.pattern, words))
        ):
            tree.drop(section, words)
            return True
    return False


def ranges(numbers: set[int]) -> str:
    """Return numbers as VRP shows a list: ``101 to 106 200``."""
    shown: list[list[int]] = []
    for number in sorted(numbers):
        if shown and shown[-1][1] == number - 1:
            shown[-1][1] = number
        else:
            shown.append([number, number])
    return " ".join(str(low) if low == high else f"{low} to {high}" for low, high in shown)


def numbers(text: str) -> set[int]:
    """Return the numbers of a list in VRP's form."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found
