"""Progress of a run: a live table of hosts and tasks on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from smartcommune.text import Text

if TYPE_CHECKING:
    from rich.table import Table

    from smartcommune.cli.session import Session
    from smartcommune.runs.events import Event

STAGES = {
    "machines": Text(vi="Máy và mạng", en="Machines"),
    "hosts": Text(vi="Cấu hình", en="Configuration"),
    "devices": Text(vi="Thiết bị", en="Devices"),
    "checks": Text(vi="Kiểm tra", en="Checks"),
}
MARKS = {"done": "·", "changed": "✎", "failed": "✕", "skipped": "–", "started": "…", "running": "…"}
STYLES = {"failed": "red", "changed": "yellow"}


class Progress(Protocol):
    """Shows events."""

    def __call__(self, event: Event) -> None:
        """Show one event."""


@contextmanager
def progress(session: Session) -> Iterator[Progress]:
    """Yield what shows a run's events in the way that suits where stderr goes."""
    if session.quiet:
        yield lambda event: None
    elif session.err.is_terminal:
        from rich.live import Live

        board = Board(session)
        with Live(get_renderable=board.render, console=session.err, refresh_per_second=4, transient=True):
            yield board
    else:
        yield Lines(session)


class Lines:
    """One line for what changed or failed, one for each part of a stage on a host that begins."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._started = time.monotonic()
        self._parts: set[tuple[str, str, str]] = set()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        part = (event.stage, event.host, event.part or self._session.say(event.what))
        begins = part not in self._parts
        self._parts.add(part)
        if not begins and event.state not in ("changed", "failed"):
            return
        what = "" if begins and event.part and event.state == "started" else self._session.say(event.what)
        where = " ".join(filter(None, [event.host, event.part])) or "-"
        stage = self._session.say(STAGES[event.stage])
        clock = _clock(time.monotonic() - self._started)
        message = f": {said}" if (said := self._session.say(event.message)) else ""
        line = f"{clock} {stage} {where} {MARKS[event.state]} {what}{message}".rstrip()
        self._session.note(line, style=STYLES.get(event.state))


@dataclass(slots=True)
class _Row:
    """What one host is doing now."""

    event: Event
    since: float
    finished: int = 0
    changed: int = 0
    failed: int = 0


class Board:
    """A table with one row a host: task, time spent in it and expected, counts so far; failures stay above it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[tuple[str, str], _Row] = {}
        self._started = time.monotonic()
        self._mutex = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        key = (event.stage, event.host or self._session.say(event.what))
        with self._mutex:
            for other in [other for other in self._rows if other[0] != event.stage]:
                del self._rows[other]  # a stage begins when the one before it has ended
            row = self._rows.setdefault(key, _Row(event, time.monotonic()))
            if event.state in ("started", "running"):
                if row.event.what != event.what or row.event.state not in ("started", "running"):
                    row.since = time.monotonic()
            else:
                row.finished += 1
                row.changed += event.state == "changed"
                row.failed += event.state == "failed"
            row.event = event
        if event.state == "failed":
            what = self._session.say(event.what)
            self._session.error(f"✕ {event.host} {event.part} {what}: {self._session.say(event.message)}")

    def render(self) -> Table:
        """Return the table as it stands now."""
        from rich.table import Table
        from rich.text import Text as Line

        table = Table.grid(padding=(0, 2))
        for _ in range(4):
            table.add_column(no_wrap=True, overflow="ellipsis")
        now = time.monotonic()
        with self._mutex:
            rows = list(self._rows.items())
        for (stage, name), row in rows:
            event = row.event
            working = event.state in ("started", "running")
            spent = _clock(event.spent + now - row.since) if working else ""
            expected = f" / ~{_clock(event.expected)}" if working and event.expected else ""
            percent = f" {event.fraction:.0%}" if event.fraction is not None else ""
            counts = self._session.text(
                f"{row.finished} việc, {row.changed} đổi", f"{row.finished} done, {row.changed} changed"
            )
            label = f"{self._session.say(STAGES[stage])} {name}"
            what = " ".join(filter(None, [event.part, self._session.say(event.what)]))
            table.add_row(
                Line(label, style="bold"), Line(what), Line(f"{spent}{expected}{percent}"), Line(counts, style="dim")
            )
        total = self._session.text("đã chạy", "elapsed")
        table.add_row(Line(f"{total} {_clock(now - self._started)}", style="dim"))
        return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02}:{rest:02}"
