"""Unquoted scalars by the YAML 1.2 core rules."""

from __future__ import annotations

import math

import pytest

from smartcommune.document.scalars import resolve_plain


@pytest.mark.parametrize("raw", ["no", "yes", "on", "off", "y", "n", "NO", "Yes"])
def test_words_of_yaml_1_1_are_text(raw):
    """Norway and its like stay text."""
    assert resolve_plain(raw) == raw


@pytest.mark.parametrize(
    ("raw", "value"),
    [("", None), ("~", None), ("null", None), ("true", True), ("FALSE", False), ("0", 0), ("-12", -12), ("+3", 3)],
)
def test_core_words_and_integers(raw, value):
    """Empty, null, booleans and decimal integers are what they look like."""
    resolved = resolve_plain(raw)

    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(("raw", "value"), [("01969", 1969), ("0o17", 15), ("0x1F", 31)])
def test_leading_zeros_are_decimal_and_bases_are_marked(raw, value):
    """A leading zero is no octal; ``0o`` and ``0x`` are."""
    assert resolve_plain(raw) == value


@pytest.mark.parametrize(
    "raw", ["1:30", "190:20:30", "2026-11-24", "1_000", "0b101", "8 GiB", "1.2.3", "0o8", "9" * 5000]
)
def test_what_yaml_1_1_made_numbers_and_dates_is_text(raw):
    """Sexagesimal numbers, dates, underscores, binary, and numbers too long to be one are text."""
    assert resolve_plain(raw) == raw


@pytest.mark.parametrize(("raw", "value"), [("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), (".inf", math.inf)])
def test_floats(raw, value):
    """Decimal fractions, exponents and infinity are floats."""
    assert resolve_plain(raw) == value


def test_not_a_number():
    """``.nan`` is not a number."""
    assert math.isnan(resolve_plain(".nan"))
