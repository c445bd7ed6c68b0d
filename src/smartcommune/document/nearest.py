"""Near misses: the name a person probably meant."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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


def one_of(word: str, known: Sequence[str]) -> Text:
    """Return the advice for a name that is none of ``known``: the near miss, and all there are."""
    listed, near = ", ".join(known) or "–", nearest(word, known)
    vi, en = f"một trong: {listed}", f"one of: {listed}"
    if near is None:
        return Text(vi=vi, en=en)
    return Text(vi=f"có phải {near}? {vi[0].upper()}{vi[1:]}", en=f"did you mean {near}? {en[0].upper()}{en[1:]}")
