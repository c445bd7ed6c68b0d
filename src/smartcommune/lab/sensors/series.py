"""The values that a sensor of the lab shows, step by step: recorded in a CSV file, fixed, or generated like a day."""

from __future__ import annotations

import csv
import math
from itertools import count
from typing import TYPE_CHECKING

from smartcommune.errors import UsageError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STEPS_A_DAY = 96  # a step stands for a quarter of an hour, as commonly measured in the field


class RecordingError(UsageError):
    """A recording that cannot be played; the message names the file and the line, ``why`` in both languages."""

    def __init__(self, path: Path, line: int, why: Text) -> None:
        super().__init__(
            Text(vi=f"{path}:{line}: {why.vi}", en=f"{path}:{line}: {why.en}"),
            todo=Text(
                vi="sửa tệp: CSV, mỗi đại lượng một cột, số viết với dấu chấm",
                en="correct the file: CSV, a column each quantity, numbers with a point",
            ),
        )


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
            names = ", ".join(sorted(quantities))
            raise RecordingError(path, 1, Text(vi=f"không có cột nào trong {names}", en=f"no column is one of {names}"))
        rows = [
            {name: _number(path, reader.line_num, name, row[name]) for name in known if row[name]} for row in reader
        ]
    if not rows:
        raise RecordingError(path, 2, Text(vi="không có dòng nào", en="there is no row"))
    return rows


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        why = Text(vi=f"{name}: «{text}» không phải là số", en=f"{name}: «{text}» is not a number")
        raise RecordingError(path, line, why) from error
