"""Quantities as people write them, and what was meant by those that are not valid."""

from __future__ import annotations

import pytest

from smartcommune.profile.quantities import QuantityError, parse_bytes, parse_duration, parse_rate


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_bytes, "8 GiB", 8 * 1024**3),
        (parse_bytes, "1.5GiB", 3 * 1024**3 // 2),
        (parse_rate, "30 Mbit/s", 30_000_000),
        (parse_duration, "2 s", 2000),
    ],
)
def test_quantities_are_read(parse, text, value):
    """A number and a unit give the base unit."""
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "suggestion"),
    [
        (parse_bytes, "8GB", "8 GiB"),
        (parse_bytes, "8,5 gb", "8.5 GiB"),
        (parse_rate, "30 Mbps", "30 Mbit/s"),
        (parse_duration, "60", None),
        (parse_bytes, "-1 GiB", None),
        (parse_bytes, True, None),
        (parse_bytes, -1, None),
        (parse_bytes, None, None),
        (parse_rate, 30, None),
        (parse_rate, "0 Mbit/s", None),
        (parse_rate, "0.0001 kbit/s", None),
        (parse_rate, "1001 Gbit/s", None),
        (parse_duration, "0.4 ms", None),
        (parse_bytes, "٨ GiB", None),
    ],
)
def test_wrong_quantities_suggest_what_was_meant(parse, text, suggestion):
    """A near unit is suggested; what cannot be guessed is not."""
    with pytest.raises(QuantityError) as caught:
        parse(text)

    assert caught.value.suggestion == suggestion
    assert caught.value.expected.vi
