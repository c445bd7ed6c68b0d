"""The lock of one commune on one target: who holds it, since when, how to release it.

A flock on an open file: it vanishes with the processes that hold it, however they end. Its descriptor is
inherited by the engine, so it is held until the program *and* an engine that outlives it are gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.errors import LockedError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS = 0.1
ENGINE_GRACE = timedelta(seconds=30)  # an engine whose program was killed saves its state and ends by itself


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: process, what it runs, since when (ISO 8601, UTC)."""

    user: str
    host: str
    pid: int
    command: str
    since: str

    def alive(self) -> bool:
        """Return whether the process still runs; a holder on another computer is taken to."""
        return self.host != socket.gethostname() or Path(f"/proc/{self.pid}").exists()


@contextmanager
def hold(path: Path, *, wait: timedelta | None = None, command: str | None = None) -> Iterator[int]:
    """Hold the lock at ``path`` and yield its descriptor, for children to inherit.

    A holder that runs makes this raise LockedError, after ``wait`` at most. One that is dead is taken over: what is
    then waited for is its engine, which ends by itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(path, descriptor, wait or timedelta())
        _write(descriptor, command or " ".join(sys.argv))
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def load_holder(path: Path) -> Holder | None:
    """Return who is written in the lock file, or None when nobody is."""
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _acquire(path: Path, descriptor: int, wait: timedelta) -> None:
    start = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = load_holder(path)
            limit = wait if holder is None or holder.alive() else max(wait, ENGINE_GRACE)
            if time.monotonic() - start >= limit.total_seconds():
                raise _locked(path, holder) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _write(descriptor: int, command: str) -> None:
    holder = Holder(
        user=os.environ.get("SUDO_USER") or getuser(),
        host=socket.gethostname(),
        pid=os.getpid(),
        command=command,
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _locked(path: Path, holder: Holder | None) -> LockedError:
    """Return the error for a held lock; its path ends in ``<profile>/<target>/lock``."""
    release = f"smartcommune unlock {path.parent.parent.name} --target {path.parent.name}"
    what = "" if holder is None else f"{holder.command} (pid {holder.pid})"
    return LockedError(
        Text(
            vi="một lượt chạy khác đang giữ khóa"
            if holder is None
            else f"{holder.user} trên {holder.host} đang giữ khóa từ {holder.since}: {what}",
            en="another run holds the lock"
            if holder is None
            else f"{holder.user} on {holder.host} holds the lock since {holder.since}: {what}",
        ),
        todo=Text(
            vi=f"đợi nó xong (--wait), hoặc yêu cầu nó dừng: {release}",
            en=f"wait for it to end (--wait), or ask it to stop: {release}",
        ),
    )
