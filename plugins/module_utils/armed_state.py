"""What a host keeps of a change that is in the air: its lock, what became of it, and the process that makes it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

ANSWERED = 15.0  # seconds that a change waits for the module to have answered
STORIES = {
    "timer": "{seconds} s after it was made, since the toolkit had not come back over the new path",
    "boot": "when the machine started again, since it had stopped before the toolkit confirmed",
    "superseded": "for another one",
    "failed": "at once, since it could not be made",
    "mismatch": "when the toolkit came back, since it was not as written any more",
}


@contextlib.contextmanager
def locked(state: Path, *, wait: bool = True) -> Iterator[int]:
    """Keep the program that undoes out; yields the descriptor that holds the lock. BlockingIOError: it is taken."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file.fileno()


def story(folder: Path) -> str:
    """Return what became of the change in ``folder`` that was to be confirmed."""
    try:
        record = json.loads((folder / "undone.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"there is no change of {folder.name} to confirm"
    words = f"the change of {folder.name} was undone {STORIES[record['why']].format(**record)}; all is as it was before"
    error = folder / "error"
    return f"{words}: {error.read_text(encoding='utf-8')}" if error.exists() else words


def detach(lock: int, work: Callable[[], None], clean_up: Callable[[], None]) -> None:
    """Do ``work`` in a process of its own, once this one has answered and ended: it may cut the connection.

    The lock goes with that process. ``clean_up`` runs after it let go of the lock.
    """
    parent = os.getpid()
    if os.fork() > 0:
        return
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        with contextlib.suppress(ProcessLookupError):
            select.select([os.pidfd_open(parent)], [], [], ANSWERED)
        work()
        fcntl.flock(lock, fcntl.LOCK_UN)
        clean_up()
    finally:
        os._exit(0)
