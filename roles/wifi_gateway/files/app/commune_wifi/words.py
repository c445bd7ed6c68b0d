"""What the portal says, in both languages (``words.json``); ``{…}`` are filled in by the pages."""

from __future__ import annotations

import json
from pathlib import Path

LANGUAGES = ("vi", "en")
WORDS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))


def say(language: str, key: str, **filled: object) -> str:
    """Return a text in a language."""
    return WORDS[key][language].format(**filled)


def duration(language: str, seconds: int) -> str:
    """Return a time in words, minutes rounded up."""
    hours, minutes = divmod((max(0, seconds) + 59) // 60, 60)
    return say(language, "hours" if hours else "minutes", hours=hours, minutes=minutes)
