"""The values that a sensor of the lab shows, step by step: recorded in a CSV file, fixed, or generated like a day."""

from __future__ import annotations

import csv
import math
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STEPS_A_DAY = 96  # a step stands for a quarter of an hour, as commonly measured in the field


class RecordingError(ValueError):
    """A recording that cannot be played; the message names the file and the line."""


def generated(ordinary: Mapping[str, tuple[float, float]], fixed: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """Yield values for ever: each quantity swings between its ordinary bounds once a day; what is fixed stays."""
    for step in count():
        swing = (1 - math.cos(2 * math.pi * step / STEPS_A_DAY)) / 2
        # a small ripple that never repeats within a day, so that no series is flat
        ripple = 0.02 * math.sin(step * 2.399963)
        yield {
            quantity: fixed.get(quantity, round(low + (high - low) * min(1.0, max(0.0, swing + ripple)), 3))
            for quantity, (low, high) in ordinary.items()
        }


def recorded(path: Path, quantities: set[str]) -> list[dict[str, float]]:
    """Return a CSV file's rows: a column each quantity, an empty cell where nothing was measured.

    Columns that are no quantity of the sensor (a time, a remark) are left aside. Raises RecordingError.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        known = [name for name in reader.fieldnames or () if name in quantities]
        if not known:
            raise RecordingError(f"{path}:1: no column is one of {', '.join(sorted(quantities))}")
        rows = []
        for row in reader:
            try:
                rows.append({name: float(row[name]) for name in known if row[name]})
            except (TypeError, ValueError) as error:
                raise RecordingError(f"{path}:{reader.line_num}: {error}") from error
    if not rows:
        raise RecordingError(f"{path}: there is no row")
    return rows
