"""The words of what a buyer typed, as PostgreSQL's text search takes them."""

from __future__ import annotations

import re
import unicodedata

MOST = 8
LONG = 5  # letters: hardly a Vietnamese syllable of that length begins another one, but *honey* begins *honeycomb*


def words_of(asked: str) -> list[str]:
    """Return up to eight words, composed, in small letters; a long one stands for those that begin with it."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", asked).lower())[:MOST]
    return [f"{word}:*" if len(word) >= LONG else word for word in words]
