"""From what engine and provider saw in a preview to a plan that says what, why, who asked for it, and how long.

Pure: events and notes in, actions out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from smartcommune.plan.models import Action, Kind, Unreached, digest
from smartcommune.site.models import Site, to_json
from smartcommune.targets.provider.journal import Journal, Operation, Seen
from smartcommune.targets.vocabulary import is_thing, name_of, order_of, subject_of, type_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smartcommune.site.models import Source
    from smartcommune.targets.state import State

# first estimates in seconds, until times were measured (a machine: made and booted until sshd answers)
_ESTIMATES = {"smartcommune:lab:Machine": 5.0, "smartcommune:lab:Network": 2.0, "smartcommune:existing:Machine": 2.0}
_OTHER_ESTIMATE = 0.1
_OPERATIONS: dict[Kind, tuple[Operation, ...]] = {
    "create": ("create",),
    "update": ("update",),
    "replace": ("delete", "create"),
    "delete": ("delete",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step that the engine foresees: ``kind`` of ``urn``."""

    kind: Kind
    urn: str


@dataclass(frozen=True, slots=True)
class MachinesPlan:
    """What would change on machines, networks and secrets.

    ``digest`` stands for inputs, state and drift seen: equal digests are equal plans of an unchanged world.
    ``unreached`` are existing machines that did not answer or did not let the toolkit in; ``unready`` names machines
    that can only be entered after this plan was carried out: they do not run, or show a host key not yet pinned.
    """

    actions: tuple[Action, ...]
    digest: str
    seconds: float
    unreached: tuple[Unreached, ...] = ()
    steps: tuple[Step, ...] = ()
    unready: tuple[str, ...] = ()

    @property
    def not_reached(self) -> tuple[str, ...]:
        """The names of the unreached."""
        return tuple(each.host for each in self.unreached)

    def allowed(self) -> frozenset[tuple[Operation, str]]:
        """Return the provider's operations that this plan permits."""
        return frozenset((operation, step.urn) for step in self.steps for operation in _OPERATIONS[step.kind])


def timing_key(operation: str, urn: str) -> str:
    """Return the key of ``timings.json`` for an operation."""
    return f"{operation} {type_of(urn)} {name_of(urn)}"


def make_plan(
    site: Site,
    state: State,
    steps: Iterable[Step],
    journal: Journal,
    timings: Mapping[str, float],
    unreached: tuple[Unreached, ...] = (),
) -> MachinesPlan:
    """Return the plan for what the engine foresaw in ``steps``."""
    wanted = tuple(sorted({step for step in steps if is_thing(step.urn)}, key=lambda step: order_of(step.urn)))
    actions = tuple(_action(site, step, journal.seen.get(step.urn, Seen()), timings) for step in wanted)
    facts = {
        "site": hashlib.sha256(to_json(site)).hexdigest(),
        "state": state.digest(),
        "steps": sorted([step.kind, step.urn, action.reason.en] for step, action in zip(wanted, actions, strict=True)),
    }
    unready = tuple(
        name_of(step.urn)
        for step in wanted
        if type_of(step.urn).endswith(":Machine") and step.kind == "update" and journal.seen.get(step.urn, Seen()).drift
    )
    return MachinesPlan(actions, digest(facts), _duration(wanted, actions), unreached, wanted, unready)


def removal_plan(site: Site, state: State, timings: Mapping[str, float]) -> MachinesPlan:
    """Return the plan for removing all that is recorded."""
    steps = [Step("delete", resource.urn) for resource in state.resources]
    reason = Text(vi="toàn bộ được gỡ bỏ theo yêu cầu", en="everything is removed as asked")
    notes = Journal(seen={step.urn: Seen(drift=(reason,)) for step in steps})
    return make_plan(site, state, steps, notes, timings)


def _action(site: Site, step: Step, seen: Seen, timings: Mapping[str, float]) -> Action:
    return Action(
        kind=step.kind,
        subject=subject_of(step.urn),
        reason=_reason(step.kind, seen),
        sources=() if step.kind == "delete" else _sources(site, step.urn),
        detail="; ".join(map(str, seen.changed)),
        seconds=sum(_seconds(operation, step.urn, timings) for operation in _OPERATIONS[step.kind]),
    )


def _reason(kind: Kind, seen: Seen) -> Text:
    if seen.vanished:
        return Text(vi="đã bị xóa bằng tay", en="deleted by hand")
    reasons = list(seen.drift)
    if seen.changed:
        names = ", ".join(change.property for change in seen.changed)
        reasons.append(Text(vi=f"yêu cầu đã đổi: {names}", en=f"what is asked for changed: {names}"))
    if reasons:
        return Text(vi="; ".join(item.vi for item in reasons), en="; ".join(item.en for item in reasons))
    if kind == "delete":
        return Text(vi="hồ sơ không còn yêu cầu", en="no longer asked for by the profile")
    if kind == "update":
        return Text(vi="lần chạy trước chưa xong", en="the last run did not finish it")
    return Text(vi="chưa có", en="not there yet")


def _sources(site: Site, urn: str) -> tuple[Source, ...]:
    """Return which lines asked for it: the secret's, or the host's; what all hosts share has the hosts' lines."""
    name = name_of(urn)
    for need in site.secrets:
        if need.id == name:
            return need.sources
    for host in site.hosts:
        if host.name == name:
            return host.sources
    for device in site.devices:
        if device.name == name:
            return device.sources
    return tuple(dict.fromkeys(source for host in site.hosts for source in host.sources))


def _seconds(operation: Literal["create", "update", "delete"], urn: str, timings: Mapping[str, float]) -> float:
    """Return the time measured for this thing, else the mean of its type, else a first estimate."""
    key = timing_key(operation, urn)
    if key in timings:
        return timings[key]
    same = [value for known, value in timings.items() if known.startswith(f"{operation} {type_of(urn)} ")]
    if same:
        return sum(same) / len(same)
    return _ESTIMATES.get(type_of(urn), _OTHER_ESTIMATE) if operation != "delete" else _OTHER_ESTIMATE


def _duration(steps: tuple[Step, ...], actions: tuple[Action, ...]) -> float:
    """Return how long it will take: things of one type are worked on at once, one type after the other."""
    slowest: dict[str, float] = {}
    for step, action in zip(steps, actions, strict=True):
        type_ = type_of(step.urn)
        slowest[type_] = max(slowest.get(type_, 0.0), action.seconds)
    return sum(slowest.values())
