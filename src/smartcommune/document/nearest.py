"""Near misses: the name a person probably meant."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def fold(text: str) -> str:
    """Return ``text`` in ASCII small letters: Vietnamese marks dropped, đ as d."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return decomposed.encode("ascii", "ignore").decode()


def nearest(word: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the candidate that looks most like ``word`` (marks, case, ``-`` and ``_`` set aside), or None."""
    folded: dict[str, str] = {}
    for candidate in candidates:
        folded.setdefault(fold(candidate).replace("-", "_"), candidate)
    matches = difflib.get_close_matches(fold(word[:80]).replace("-", "_"), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None
