"""A text in the toolkit's two languages."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


class Text(BaseModel):
    """The same statement in Vietnamese and in English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vi: str
    en: str

    def get(self, language: Language) -> str:
        """Return the statement in one language."""
        return self.vi if language == "vi" else self.en


def say(said: Text | str, language: Language) -> str:
    """Return what was said: the toolkit's own texts in a language, the words of other programs as they are."""
    return said if isinstance(said, str) else said.get(language)


def split_languages(words: str) -> Text:
    """Return lines of ``Vietnamese | English``, as checks and roles write them, in both; other lines are the same."""
    parts = [line.partition(" | ") for line in words.splitlines()]
    return Text(vi="\n".join(vi for vi, _, _ in parts), en="\n".join(en if bar else vi for vi, bar, en in parts))
