"""Interrupting children: they must be born with ears for it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def interrupts_heeded() -> Iterator[None]:
    """Let a child be interrupted although this run may be a background job, whose children are born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
