"""Template tags for pages in two languages: each text carries its language where it is not the page's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.template import Context

    from tracing.vocabulary import Label

register = template.Library()


@register.simple_tag(takes_context=True)
def bilingual(context: Context, vietnamese: str, english: str, *, plain: bool = False) -> str:
    """Write data in the page's language; what has no English is written in Vietnamese and says so to screen readers."""
    if context["language"] == "vi":
        return vietnamese
    if english and english != vietnamese:
        return english
    return vietnamese if plain else format_html('<span lang="vi">{}</span>', vietnamese)


@register.simple_tag(takes_context=True)
def label(context: Context, words: Label) -> str:
    """Write one of the application's own words in the page's language."""
    return words.get(context["language"])


@register.simple_tag
def lookup(texts: dict[str, str], name: str) -> Any:
    """Write the text of that name."""
    return texts[name]
