"""Turning the callback's events into progress with expected times, and into a result. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from smartcommune.converge.failures import explain, explain_unreachable
from smartcommune.converge.results import ConvergeEvent, ConvergeResult, HostChange, HostFailure, HostResult, TaskState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartcommune.site.models import Site
    from smartcommune.text import Text

DETAIL = 160


@dataclass(slots=True)
class Tracker:
    """Takes events in their order. ``expected``: seconds by (host, role)."""

    expected: Mapping[tuple[str, str], float]
    root: str
    changes: list[HostChange] = field(default_factory=list)
    failures: list[HostFailure] = field(default_factory=list)
    role_seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    reasons: dict[str, Text] = field(default_factory=dict)

    def take(self, event: Mapping[str, Any]) -> ConvergeEvent | None:
        """Take one event; return what to tell, or None for what nobody needs to see."""
        if event["event"] == "stats":
            return None
        host, role = event["host"], event["role"]
        state: TaskState = "started" if event["event"] == "started" else event["state"]
        if state not in get_args(TaskState):
            raise ValueError(f"unknown state {state!r}")
        seconds = event.get("seconds")
        message = None
        if seconds is not None:
            self._count(host, state)
            self.role_seconds[host, role] = self.role_seconds.get((host, role), 0.0) + seconds
            message = self._keep(event, state)
        spent = self.role_seconds.get((host, role), 0.0)
        expected = self.expected.get((host, role))
        return ConvergeEvent(host, role, event["task"], state, seconds, spent, expected, self._fraction(host), message)

    def result(self, seconds: float, folder: Path | None) -> ConvergeResult:
        """Return what the run came to."""
        hosts = {
            host: HostResult(
                ok=counted.get("ok", 0) + counted.get("changed", 0),
                changed=counted.get("changed", 0),
                failed=counted.get("failed", 0),
                skipped=counted.get("skipped", 0),
                unreachable="unreachable" in counted,
                reason=self.reasons.get(host),
            )
            for host, counted in self.counts.items()
        }
        return ConvergeResult(hosts, tuple(self.changes), seconds, tuple(self.failures), self.role_seconds, folder)

    def changed_roles(self) -> frozenset[tuple[str, str]]:
        """Return the (host, role) pairs in which something changed."""
        return frozenset((change.host, change.role) for change in self.changes)

    def finished_roles(self) -> frozenset[tuple[str, str]]:
        """Return the (host, role) pairs that were gone through without a failure."""
        broken = {(failure.host, failure.role) for failure in self.failures}
        lost = {host for host, counted in self.counts.items() if "unreachable" in counted}
        return frozenset(key for key in self.role_seconds if key[1] and key not in broken and key[0] not in lost)

    def _count(self, host: str, state: str) -> None:
        counted = self.counts.setdefault(host, {})
        counted[state] = counted.get(state, 0) + 1

    def _keep(self, event: Mapping[str, Any], state: TaskState) -> Text | None:
        host, role, task = event["host"], event["role"], event["task"]
        if state == "changed":
            file, _, line = event["path"].rpartition(":")
            shown = file.removeprefix(f"{self.root}/")
            diff = event.get("diff", "")
            removes = event.get("removes", False)
            self.changes.append(HostChange(host, role, task, summarize(diff), diff, shown, int(line or 0), removes))
        elif state == "failed":
            message = explain(event["message"], refused=event.get("refused", False))
            self.failures.append(HostFailure(host, role, task, message))
            return message
        elif state == "unreachable":
            self.reasons[host] = explain_unreachable(event["message"])
            return self.reasons[host]
        return None

    def _fraction(self, host: str) -> float:
        wanted = {key: seconds for key, seconds in self.expected.items() if key[0] == host}
        whole = sum(wanted.values())
        spent = sum(min(self.role_seconds.get(key, 0.0), seconds) for key, seconds in wanted.items())
        return spent / whole if whole else 0.0


def summarize(diff: str) -> str:
    """Return the first lines of a diff that say something, as one short line."""
    lines = [line for line in diff.splitlines() if re.match(r"[+-](?![+-]{2})\s*\S", line)]
    return "; ".join(f"{line[0]} {line[1:].strip()}" for line in lines)[:DETAIL]


def expectations(
    site: Site, timings: Mapping[str, float], fresh: frozenset[str] = frozenset()
) -> dict[tuple[str, str], float]:
    """Return seconds expected by (host, role): what was measured, else the catalogue's estimate of an installation.

    ``fresh`` names hosts that are (to be) made anew: installing is expected there.
    """
    expected: dict[tuple[str, str], float] = {}
    for host in site.hosts:
        for service in host.services:
            keys = [installing(host.name, service.name)]
            if host.name not in fresh:
                keys.insert(0, checking(host.name, service.name))
            known = [timings[key] for key in keys if key in timings]
            expected[host.name, service.name] = known[0] if known else float(service.install_seconds)
    return expected


def installing(host: str, role: str) -> str:
    """Return the key in ``timings.json`` of a role's run that changed something."""
    return f"install {host} {role}"


def checking(host: str, role: str) -> str:
    """Return the key in ``timings.json`` of a role's run that changed nothing."""
    return f"check {host} {role}"
