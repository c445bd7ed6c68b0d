"""Quantities as people write them in a profile: ``8 GiB``, ``30 Mbit/s``, ``60 ms``."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z/]+)")
_BYTES = {"MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_RATES = {"kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}
_DURATIONS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}


def _parse(value: object, units: dict[str, int], example: str) -> int:
    """Return ``value`` in the base unit; an integer is taken as it is.

    Raises ValueError when the text is not a number and one of ``units``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in units:
        raise ValueError(f"expected a number and one of {', '.join(units)}, such as {example!r}")
    return round(float(match[1]) * units[match[2]])


def parse_bytes(value: object) -> int:
    """Return bytes from ``8 GiB``."""
    return _parse(value, _BYTES, "8 GiB")


def parse_rate(value: object) -> int:
    """Return bit/s from ``30 Mbit/s``."""
    return _parse(value, _RATES, "30 Mbit/s")


def parse_duration(value: object) -> int:
    """Return milliseconds from ``60 ms``."""
    return _parse(value, _DURATIONS, "60 ms")
