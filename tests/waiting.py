"""The one way in which tests wait for something that comes by itself: they ask until it is there, and fail in time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


def wait_until(holds: Callable[[], object], what: str, *, seconds: float, step: float = 0.2) -> float:
    """Ask every ``step`` seconds until the answer is true; return the seconds that it took, fail after ``seconds``."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > seconds:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(step)
    return time.monotonic() - start
