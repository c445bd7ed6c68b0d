"""Taking secrets out of text that is kept: known values, and anything that looks like a private key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "•••"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_SHORTEST = 8  # shorter values would mask ordinary words


def redact(text: str, values: Iterable[str]) -> str:
    """Return ``text`` without private keys and without any of ``values``, the longest first."""
    text = _PRIVATE_KEY.sub(MASK, text)
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, MASK)
    return text
