"""What a run tells while it goes on: one form for all stages, whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from smartcommune.converge.results import ConvergeEvent
    from smartcommune.targets.stack import StackEvent
    from smartcommune.text import Text
    from smartcommune.verify.report.models import StageName

EventState = Literal["started", "running", "done", "changed", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a stage. ``host`` is empty for what belongs to none; ``part`` is the role or service, where known.

    ``seconds`` it took when it is over; ``spent`` in the part before it; ``expected`` for the whole part, where known.
    ``fraction`` is how far the host is, 0 to 1, where known.
    """

    stage: StageName
    state: EventState
    host: str
    what: Text | str
    part: str = ""
    seconds: float | None = None
    spent: float = 0.0
    expected: float | None = None
    fraction: float | None = None
    message: Text | str = ""


OnEvent = Callable[[Event], None]


def from_machines(event: StackEvent) -> Event:
    """Return what Pulumi's side told."""
    return Event(
        "machines",
        event.state,
        "",
        event.step or event.subject,
        seconds=event.seconds,
        expected=event.expected,
        fraction=event.fraction,
    )


def from_checks(event: dict[str, Any], titles: dict[str, Text]) -> Event | None:
    """Return what a verification told, or None for what nobody needs to see. ``titles`` learns the planned checks."""
    from smartcommune.verify.results import Check

    host = event["host"]
    match event["event"]:
        case "planned":
            titles.update({check.id: check.title for check in map(Check.model_validate, event["checks"])})
        case "host" if not event["reached"]:
            return Event("checks", "failed", host, "ssh", message=event["reason"])
        case "started" | "result":
            states: dict[str, EventState] = {"passed": "done", "failed": "failed"}
            state = "started" if event["event"] == "started" else states.get(event["state"], "skipped")
            what = titles.get(event["id"], event["id"])
            part = event["id"].split("/")[1]
            return Event(
                "checks", state, host, what, part, seconds=event.get("seconds"), message=event.get("reason") or ""
            )
    return None


def from_hosts(event: ConvergeEvent) -> Event:
    """Return what Ansible told: the time spent and expected is the role's, since tasks are short."""
    states: dict[str, EventState] = {
        "started": "started",
        "ok": "done",
        "changed": "changed",
        "skipped": "skipped",
        "failed": "failed",
        "unreachable": "failed",
    }
    return Event(
        "hosts",
        states[event.state],
        event.host,
        event.task,
        event.role or "playbook",
        seconds=event.seconds,
        spent=event.role_seconds,
        expected=event.role_expected,
        fraction=event.fraction,
        message=event.message or "",
    )
