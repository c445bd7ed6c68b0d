"""Processes told apart by pid *and* start time, so that a reused pid is never taken for ours.

Standard library only, since the lab's resident programs import it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


def start_ticks(pid: int) -> int | None:
    """Return when ``pid`` started (clock ticks since boot), or None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def parent(pid: int) -> int | None:
    """Return the parent of ``pid``, or None when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def all_pids() -> list[int]:
    """Return the pids seen in /proc."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208 - 20 times faster here


def children(pid: int) -> list[int]:
    """Return the processes whose parent is ``pid``."""
    return [candidate for candidate in all_pids() if parent(candidate) == pid]


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its pid and when it started, in clock ticks since boot."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return start_ticks(self.pid) == self.started

    @property
    def started_at(self) -> float:
        """When it started, in seconds since the epoch."""
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        return int(boot.split()[1]) + self.started / os.sysconf("SC_CLK_TCK")

    def send(self, number: signal.Signals | int) -> None:
        """Send a signal to this very process; a process that is gone is fine."""
        with contextlib.suppress(ProcessLookupError, OSError):
            descriptor = os.pidfd_open(self.pid)
            try:
                if self.alive:
                    signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)

    def wait(self, timeout: float) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds; return whether it has."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if self.alive:
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(timeout * 1000)
        finally:
            os.close(descriptor)
        return not self.alive

    def end(self, timeout: float = 5.0) -> None:
        """Ask it to end, insist after ``timeout`` seconds."""
        self.send(signal.SIGTERM)
        if not self.wait(timeout):
            self.send(signal.SIGKILL)
            self.wait(timeout)


def load_process(pid_file: Path) -> Process | None:
    """Return the live process that a pid file names (``pid start-ticks``), else None."""
    try:
        pid, started = pid_file.read_text().split()
        process = Process(int(pid), int(started))
    except (OSError, ValueError):
        return None
    return process if process.alive else None
