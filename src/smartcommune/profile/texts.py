"""Texts of a profile that pages, labels and configuration files show: one line that says something."""

from __future__ import annotations

from smartcommune.profile.quantities import QuantityError
from smartcommune.text import Text


def not_one_line(value: str, longest: int) -> Text | None:
    """Return what a text should have been, or None when it is one line of at most ``longest`` characters."""
    if not value.strip():
        return Text(vi="một chuỗi không trống", en="text that is not empty")
    if not value.isprintable():
        return Text(vi="một dòng, không có ký tự điều khiển", en="one line, without control characters")
    if len(value) > longest:
        return Text(vi=f"nhiều nhất {longest} ký tự", en=f"at most {longest} characters")
    return None


def parse_line(value: object) -> object:
    """Return a value as it is unless it is text that is blank, longer than one line, or has control characters.

    Raises QuantityError for those.
    """
    if isinstance(value, str) and (expected := not_one_line(value, len(value))) is not None:
        raise QuantityError(expected, None)
    return value


def parse_distinct(value: object) -> object:
    """Return a value as it is unless it is a list with an entry twice. Raises QuantityError for that."""
    if isinstance(value, tuple) and len(set(map(repr, value))) < len(value):
        raise QuantityError(Text(vi="mỗi mục một lần", en="each entry once"), None)
    return value
