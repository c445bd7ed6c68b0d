"""Unquoted scalars by the YAML 1.2 core rules (https://yaml.org/spec/1.2.2/#1032-tag-resolution).

So ``no`` and ``on`` are text, ``2026-11-24`` and ``12:30`` are text, ``0o17`` is 15 and ``01969`` is 1969 – which is
why a commune's code must be quoted.
"""

from __future__ import annotations

import re

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_BASED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FIRST_SIGNS = frozenset("0123456789+-.")


def resolve_plain(raw: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar."""
    if raw in _WORDS:
        return _WORDS[raw]
    if raw[0] not in _FIRST_SIGNS:
        return raw
    if _INTEGER.fullmatch(raw):
        return int(raw)
    if _BASED.fullmatch(raw):
        return int(raw, 0)
    if _FLOAT.fullmatch(raw):
        return float(raw)
    if _SPECIAL.fullmatch(raw):
        return float(raw.replace(".", ""))
    return raw
