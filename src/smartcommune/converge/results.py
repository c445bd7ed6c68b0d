"""What a converge run tells while it goes on, and what it returns. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from smartcommune.text import Text  # at run time too: pydantic reads this type when a saved plan is loaded

if TYPE_CHECKING:
    from pathlib import Path

TaskState = Literal["started", "ok", "changed", "skipped", "failed", "unreachable"]


@dataclass(frozen=True, slots=True)
class ConvergeEvent:
    """A task started or ended on a host.

    ``seconds``: how long the task took. ``role_seconds`` and ``role_expected``: time spent in the role so far, and what
    it took before (its catalogue entry's estimate on a new machine). ``fraction``: how far the host is, 0 to 1.
    """

    host: str
    role: str
    task: str
    state: TaskState
    seconds: float | None
    role_seconds: float
    role_expected: float | None
    fraction: float
    message: Text | None = None


@dataclass(frozen=True, slots=True)
class HostResult:
    """Tasks of one host, counted. ``reason`` says why a host was not reached."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    skipped: int = 0
    unreachable: bool = False
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class HostChange:
    """One task that changed something, or would: ``detail`` in a line, ``diff`` unified, where the task stands.

    ``removes``: it takes something away that the design does not have.
    """

    host: str
    role: str
    task: str
    detail: str
    diff: str
    file: str
    line: int
    removes: bool = False


@dataclass(frozen=True, slots=True)
class HostFailure:
    """One task that failed: ``message`` is ours where the failure is a known one, else Ansible's words."""

    host: str
    role: str
    task: str
    message: Text


@dataclass(frozen=True, slots=True)
class ConvergeResult:
    """A run over all hosts. ``role_seconds`` by (host, role); ``folder`` holds the run's log and events."""

    hosts: dict[str, HostResult]
    changes: tuple[HostChange, ...]
    seconds: float
    failures: tuple[HostFailure, ...] = ()
    role_seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    folder: Path | None = None
