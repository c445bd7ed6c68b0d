"""Sizes in bytes as people read them, with the units that a profile takes."""

from __future__ import annotations

BYTES = {"MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


def format_bytes(value: float) -> str:
    """Return bytes with the largest unit that leaves a short number: ``8 GiB``, ``384 MiB``."""
    for unit in ("TiB", "GiB"):
        if value >= BYTES[unit]:
            return f"{value / BYTES[unit]:.2f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{value / BYTES['MiB']:.0f} MiB"
