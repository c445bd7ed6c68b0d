"""Quantities as people write them in a profile: ``8 GiB``, ``30 Mbit/s``, ``60 ms``."""

from __future__ import annotations

import re

from smartcommune.sizes import BYTES
from smartcommune.text import Text

_NUMBER = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z/]+)")
_LOOSE = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,6}))?\s*([A-Za-z/]*)")
RATES = {"kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}
DURATIONS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
FASTEST = 10**12  # bit/s: no commune's link comes near, so that a wrong unit is seen


class QuantityError(ValueError):
    """Not a number and one of the units; ``suggestion`` is what was probably meant."""

    def __init__(self, expected: Text, suggestion: str | None) -> None:
        super().__init__(expected.en)
        self.expected = expected
        self.suggestion = suggestion


def _parse(value: object, units: dict[str, int], example: str, limit: tuple[int, str] | None = None) -> int:
    """Return ``value`` in the base unit. A bare number is refused: it would not say what it counts.

    ``limit`` is the largest amount, and how people write it. Raises QuantityError when the text is not a positive
    number and one of ``units``, and when it is less than one base unit or more than the limit.
    """
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in units or float(match[1]) == 0:
        names = ", ".join(units)
        expected = Text(
            vi=f"một số lớn hơn 0 và một đơn vị trong {names}, ví dụ {example}",
            en=f"a number above 0 and one of {names}, such as {example}",
        )
        raise QuantityError(expected, _meant(value, units))
    amount = round(float(match[1]) * units[match[2]])
    if amount < 1:
        least = next((f"1 {unit}" for unit, factor in units.items() if factor == 1), example)
        raise QuantityError(Text(vi=f"một lượng lớn hơn, ví dụ {least}", en=f"more, such as {least}"), None)
    if limit is not None and amount > limit[0]:
        raise QuantityError(Text(vi=f"nhiều nhất {limit[1]}", en=f"at most {limit[1]}"), None)
    return amount


def _meant(value: object, units: dict[str, int]) -> str | None:
    """Return the quantity with the unit that the first letter of a wrong one points to (``8GB`` → ``8 GiB``)."""
    match = _LOOSE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not match[3]:
        return None
    number = match[1] + (f".{match[2]}" if match[2] else "")
    if not float(number):
        return None
    return next((f"{number} {unit}" for unit in units if unit[0].lower() == match[3][0].lower()), None)


def parse_bytes(value: object) -> int:
    """Return bytes from ``8 GiB``."""
    return _parse(value, BYTES, "8 GiB")


def parse_rate(value: object) -> int:
    """Return bit/s from ``30 Mbit/s``."""
    return _parse(value, RATES, "30 Mbit/s", (FASTEST, f"{FASTEST // RATES['Gbit/s']} Gbit/s"))


def parse_whole(value: object) -> object:
    """Return a value as it is unless it only equals a whole number: ``2.0`` and ``true`` are in ``Literal[1, 2]`` too.

    Raises QuantityError for those.
    """
    if not isinstance(value, bool | float):
        return value
    expected = Text(vi="một số nguyên, không có dấu nháy", en="a whole number, without quotes")
    whole = not isinstance(value, bool) and value.is_integer()
    raise QuantityError(expected, f"{value:.0f}" if whole else None)


def parse_duration(value: object) -> int:
    """Return milliseconds from ``60 ms``."""
    return _parse(value, DURATIONS, "60 ms")
