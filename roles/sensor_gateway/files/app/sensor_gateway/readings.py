"""What a sensor says, made into readings: registers, fields of messages, calibration. Pure functions."""

from __future__ import annotations

import datetime
import json
import math
import struct
from dataclasses import dataclass
from typing import Any

TIMES_BEFORE = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC).timestamp()
TYPES = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}


class UnreadableError(ValueError):
    """An answer or a message that says nothing: not of the model's form, or a value that stands for «none»."""


@dataclass(frozen=True)
class Reading:
    """One value of a quantity: ``raw`` as the sensor gave it in ``unit``, ``value`` calibrated, ``time`` in ms."""

    sensor: str
    quantity: str
    time: int
    raw: float
    value: float
    unit: str


def register_count(quantity: dict[str, Any]) -> int:
    """Return how many registers of 16 bits hold a quantity."""
    return struct.calcsize(TYPES[quantity["type"]]) // 2


def from_registers(quantity: dict[str, Any], registers: list[int]) -> float:
    """Return what a quantity's registers hold, in its unit; raises UnreadableError for what stands for «none»."""
    words = registers if quantity.get("words", "high_first") == "high_first" else list(reversed(registers))
    try:
        (number,) = struct.unpack(TYPES[quantity["type"]], struct.pack(f">{len(words)}H", *words))
    except struct.error as error:
        raise UnreadableError(f"{len(registers)} registers are no {quantity['type']}") from error
    if number in quantity.get("absent", []):
        raise UnreadableError(f"{number} stands for «no value»")
    return _scaled(quantity, number)


def from_message(quantity: dict[str, Any], message: Any) -> float | None:
    """Return a quantity's value in a message, or None where the message does not speak of it.

    ``field`` is the path into a JSON object, its parts joined by dots; an empty one: the message is the number.
    """
    found = message
    for part in filter(None, str(quantity.get("field", "")).split(".")):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise UnreadableError(f"{found!r} is no number")
    return _scaled(quantity, found)


def to_message(payload: bytes) -> Any:
    """Return what a payload says: JSON; raises UnreadableError."""
    try:
        return json.loads(payload)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UnreadableError("the message is no JSON") from error


def time_in(sensor: dict[str, Any], message: Any) -> int | None:
    """Return when the message says that it was measured (ms), or None where it does not.

    A clock that was never set is not believed: what lies before 2020 is no time.
    """
    field = sensor.get("time_field")
    found = message.get(field) if field and isinstance(message, dict) else None
    if found is None or isinstance(found, bool):
        return None
    try:
        if isinstance(found, str) and not found.replace(".", "", 1).isdigit():
            stamp = datetime.datetime.fromisoformat(found)
            seconds = stamp.timestamp() if stamp.tzinfo else stamp.replace(tzinfo=datetime.UTC).timestamp()
        else:
            seconds = float(found)
    except (TypeError, ValueError):
        return None
    if seconds > TIMES_BEFORE * 100:  # milliseconds
        seconds /= 1000
    return round(seconds * 1000) if math.isfinite(seconds) and seconds > TIMES_BEFORE else None


def reading_of(sensor: dict[str, Any], name: str, raw: float, time: int) -> Reading:
    """Return the calibrated reading of a raw value."""
    gain, offset = sensor.get("calibration", {}).get(name, (1.0, 0.0))
    value = round(raw * gain + offset, 6)
    return Reading(sensor["id"], name, time, raw, value, sensor["quantities"][name]["unit"])


def _scaled(quantity: dict[str, Any], number: float) -> float:
    value = number * quantity.get("scale", 1) + quantity.get("offset", 0)
    if not math.isfinite(value):
        raise UnreadableError("the value is not a finite number")
    return float(round(value, 6))
