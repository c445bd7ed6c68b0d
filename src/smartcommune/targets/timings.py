"""How long things took, measured, so that plans can say how long they will take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WEIGHT = 0.5  # of the newest measurement: one slow day fades, a new machine is believed soon


def load_timings(path: Path) -> dict[str, float]:
    """Return seconds by key; empty when nothing was measured yet or the file was cut short."""
    try:
        return {str(key): float(value) for key, value in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def save_timings(path: Path, measured: Mapping[str, float]) -> None:
    """Fold new measurements into the file, whole or not at all. The caller holds the commune's lock."""
    if not measured:
        return
    known = load_timings(path)
    for key, seconds in measured.items():
        known[key] = round(known[key] * (1 - WEIGHT) + seconds * WEIGHT if key in known else seconds, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(known, indent=2, sort_keys=True) + "\n")
