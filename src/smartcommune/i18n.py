"""Which of the toolkit's two languages a user reads: what ``--lang`` says, else what the locale says.

All messages are ``Text`` values that carry both languages, so that they need no catalogue of translations and
cannot be forgotten in one: choosing is ``text.get(language)`` where something is displayed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.errors import UsageError
from smartcommune.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # POSIX: the first one that is set decides


def choose_language(option: str | None, environ: Mapping[str, str]) -> Language:
    """Return the language for ``--lang`` and the environment; English when neither names one of ours.

    Raises UsageError when ``option`` is another language.
    """
    if option is not None:
        for language in LANGUAGES:
            if option.lower() == language:
                return language
        raise UsageError(
            Text(vi=f"không có ngôn ngữ {option!r}", en=f"there is no language {option!r}"),
            todo=Text(vi="dùng --lang vi hoặc --lang en", en="use --lang vi or --lang en"),
        )
    locale = next((environ[name] for name in _LOCALE_VARIABLES if environ.get(name)), "")
    return "vi" if locale.lower().startswith("vi") else "en"
