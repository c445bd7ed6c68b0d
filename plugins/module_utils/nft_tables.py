"""nftables as text: what the kernel has, what it would make of a file, how they differ, and the way back. Pure."""

from __future__ import annotations

import re

OPTIONS = {
    "src": {"type": "path", "required": True},
    "table": {"type": "str", "default": "inet commune"},
    "exclusive": {"type": "bool", "default": False},
    "keep": {"type": "list", "elements": "str", "default": []},
}
# What a set of these kinds holds came from traffic, and is no rule of anybody's.
SELF_FILLING = re.compile(r"^\s*flags\s[^\n]*\b(?:dynamic|timeout)\b", re.MULTILINE)
SET = re.compile(r"^\t(?:set|map) [^\n]*\{\n.*?^\t\}\n", re.MULTILINE | re.DOTALL)
ELEMENTS = re.compile(r"^\t\telements = \{.*?\}\n", re.MULTILINE | re.DOTALL)

# What nft lists of prefixes that lie side by side, a set of one range, it reads back as the range alone.
SINGLE = re.compile(r"\{ ([^{},\s]+) \}")


def tables(listing: str) -> dict[str, str]:
    """Return the listing of each table by its family and name, from ``nft list ruleset``."""
    parts = f"\n{listing}".split("\ntable ")[1:]
    return {part.partition(" {\n")[0]: f"table {part}".partition("\n}")[0] + "\n}\n" for part in parts}


def concerned(listing: str, table: str, *, exclusive: bool, keep: list[str]) -> dict[str, str]:
    """Return the tables of a ruleset that are to be compared: one, or all but ``keep``."""
    return {
        name: text
        for name, text in sorted(tables(listing).items())
        if name == table or (exclusive and name not in keep)
    }


def rules(listing: str) -> list[str]:
    """Return the lines of a listing that carry meaning; elements of sets that fill themselves do not.

    A set of one element is the same as the element.
    """

    def without_elements(match: re.Match[str]) -> str:
        return ELEMENTS.sub("", match[0]) if SELF_FILLING.search(match[0]) else match[0]

    kept = SINGLE.sub(r"\1", SET.sub(without_elements, listing))
    return [line.rstrip() for line in kept.splitlines() if line.strip()]


def undo_scripts(now: dict[str, str], then: dict[str, str]) -> list[str]:
    """Return nft scripts that make the tables ``then`` what they were, each in one transaction.

    The tables of the change come first, in one; each that goes with the change has one of its own, since another
    program's table may hold what nft can list but not read.
    """
    own = "".join(f"add table {name}\ndelete table {name}\n{now.get(name, '')}" for name in then)
    foreign = [f"add table {name}\ndelete table {name}\n{text}" for name, text in now.items() if name not in then]
    return [own, *foreign]
