"""Sizes as people read them."""

from __future__ import annotations

import pytest

from smartcommune.sizes import format_bytes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8 * 1024**3, "8 GiB"),
        (384 * 1024**2, "384 MiB"),
        (3 * 1024**4, "3 TiB"),
        (1536 * 1024**2, "1.5 GiB"),
        (10 * 1024**3, "10 GiB"),
    ],
)
def test_bytes_are_shown_short(value, text):
    """Sizes are shown in the unit that leaves a short number."""
    assert format_bytes(value) == text
