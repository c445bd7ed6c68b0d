"""Messages of gateways: what a batch says, and through which number a gateway's readings are held. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_ROWS = 200
MOST_BYTES = 65536
MOST_TEXT = 64


class BatchError(ValueError):
    """A message that is no batch: it is logged and not acknowledged."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading as a gateway numbered it."""

    sequence: int
    sensor: str
    quantity: str
    time: datetime
    raw: float | None
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings of one message; the gateway holds nothing below ``oldest`` any more."""

    oldest: int
    rows: tuple[Row, ...]


def parse_batch(payload: bytes) -> Batch:
    """Return the batch that a message carries; raises :class:`BatchError`."""
    if len(payload) > MOST_BYTES:
        raise BatchError(f"{len(payload)} bytes, at most {MOST_BYTES}")
    try:
        message = json.loads(payload)
        rows = tuple(_row(each) for each in message["readings"])
        oldest = _number(message["oldest"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BatchError(f"not a batch of readings: {type(error).__name__}: {error}") from error
    if len(rows) > MOST_ROWS:
        raise BatchError(f"{len(rows)} readings, at most {MOST_ROWS}")
    return Batch(oldest, rows)


def _row(row: dict[str, Any]) -> Row:
    time = datetime.fromisoformat(row["time"])
    if time.tzinfo is None:
        raise ValueError(f"{row['time']} names no time zone")
    raw = row.get("raw")
    return Row(
        _number(row["sequence"]),
        _text(row["sensor"]),
        _text(row["quantity"]),
        time.astimezone(UTC),
        None if raw is None else _finite(raw),
        _finite(row["value"]),
        _text(row["unit"]),
    )


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError(f"{value!r} is no sequence number")
    return value


def _finite(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no measured value")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MOST_TEXT or not value.isprintable():
        raise ValueError(f"{value!r} is no name")
    return value


def advance(through: int, held: Iterable[int]) -> int:
    """Return the highest number below which nothing is missing, from the former one and numbers that are held."""
    numbers = set(held)
    while through + 1 in numbers:
        through += 1
    return through


def acknowledgement(through: int) -> bytes:
    """Return the message that tells a gateway what it may forget."""
    return json.dumps({"through": through}).encode()
