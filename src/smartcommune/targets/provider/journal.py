"""What the provider saw and did in one operation of the engine: the typed side of its event stream.

The engine's own events say which operation meets which resource; only the provider knows why, how long
it took, and what went wrong in words that a reader can act on.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from smartcommune.errors import SmartCommuneError
from smartcommune.targets.vocabulary import name_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Operation = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """An input that is asked for otherwise than before; values are None where they are not for reading."""

    property: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return self.property
        return f"{self.property}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Seen:
    """Why a resource differs: inputs that changed, and drift of the real thing."""

    changed: tuple[Change, ...] = ()
    drift: tuple[Text, ...] = ()
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that failed, with the error in words."""

    urn: str
    operation: str
    error: SmartCommuneError


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one resource, as it happens. ``seconds`` is None while it runs."""

    urn: str
    operation: Operation
    state: Literal["started", "done", "failed"]
    seconds: float | None = None


@dataclass(slots=True)
class Journal:
    """Notes of one operation. ``allowed`` limits what may be done to what a saved plan lists."""

    on_progress: Callable[[Progress], None] | None = None
    allowed: frozenset[tuple[Operation, str]] | None = None
    seen: dict[str, Seen] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    durations: dict[tuple[Operation, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, urn: str, seen: Seen) -> None:
        """Remember why ``urn`` differs."""
        with self._lock:
            self.seen[urn] = seen

    def fail(self, urn: str, operation: str, error: SmartCommuneError) -> None:
        """Remember an error."""
        with self._lock:
            self.failures.append(Failure(urn, operation, error))

    @contextmanager
    def step(self, operation: Operation, urn: str) -> Iterator[None]:
        """Time a step, tell of it, and refuse it when the plan being applied does not list it."""
        if self.allowed is not None and (operation, urn) not in self.allowed:
            raise NotPlannedError(operation, urn)
        self._tell(Progress(urn, operation, "started"))
        start = time.monotonic()
        try:
            yield
        except BaseException:
            self._tell(Progress(urn, operation, "failed", time.monotonic() - start))
            raise
        seconds = time.monotonic() - start
        with self._lock:
            self.durations[operation, urn] = seconds
        self._tell(Progress(urn, operation, "done", seconds))

    def _tell(self, progress: Progress) -> None:
        if self.on_progress is not None:
            with self._lock:
                self.on_progress(progress)


class NotPlannedError(SmartCommuneError):
    """The world changed between plan and apply: the step that would be due is not in the plan."""

    def __init__(self, operation: str, urn: str) -> None:
        name = name_of(urn)
        super().__init__(
            Text(
                vi=f"{operation} {name} không có trong kế hoạch đang áp dụng: máy đã đổi sau khi lập kế hoạch",
                en=f"{operation} of {name} is not in the plan being applied: the machines changed after it was made",
            ),
            todo=Text(vi="lập kế hoạch mới rồi áp dụng lại", en="make a new plan and apply that"),
        )
