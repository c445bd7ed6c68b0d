"""Stages of a run: each is timed, told about while it goes on, and recorded however it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smartcommune.errors import SmartCommuneError, is_interrupt
from smartcommune.text import Text
from smartcommune.verify.report.models import Part, Stage, StageName, StageState

if TYPE_CHECKING:
    from smartcommune.runs.events import Event, OnEvent
    from smartcommune.runs.record import Recorder


@dataclass(slots=True)
class RunningStage:
    """A stage that goes on: its fields are set by whoever knows, its parts are summed from its events."""

    name: StageName
    tell: OnEvent
    changed: int = 0
    state: StageState = "done"
    message: Text | None = None
    _parts: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take one event: sum it into its part, then show it."""
        if event.seconds is not None and event.state != "started":
            name = event.part or (event.what if isinstance(event.what, str) else event.what.en)
            sums = self._parts.setdefault((event.host, name), [0.0, 0, 0])
            sums[0] += event.seconds
            sums[1] += event.state == "changed"
            sums[2] += event.state == "failed"
        self.tell(event)

    def parts(self) -> tuple[Part, ...]:
        """Return the parts in the order in which they first ended."""
        return tuple(
            Part(host=host, name=name, seconds=round(seconds, 3), changed=int(changed), failed=int(failed))
            for (host, name), (seconds, changed, failed) in self._parts.items()
        )


@contextmanager
def stage(name: StageName, recorder: Recorder, tell: OnEvent) -> Iterator[RunningStage]:
    """Run a stage; record it as done, failed or interrupted, with the error's message."""
    running = RunningStage(name, tell)
    started, clock = datetime.now(UTC), time.monotonic()
    try:
        yield running
    except BaseException as error:
        running.state = "interrupted" if is_interrupt(error) else "failed"
        running.message = _message_of(error)
        raise
    finally:
        recorder.add(
            Stage(
                name=name,
                state=running.state,
                started=started.isoformat(timespec="seconds"),
                seconds=round(time.monotonic() - clock, 3),
                changed=running.changed,
                message=running.message,
                parts=running.parts(),
            )
        )


def _message_of(error: BaseException) -> Text | None:
    """Return what an error says; an interrupt from the keyboard needs no words."""
    if isinstance(error, SmartCommuneError):
        return error.message
    name = type(error).__name__
    return None if isinstance(error, KeyboardInterrupt) else Text(vi=name, en=name)
