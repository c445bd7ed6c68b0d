"""Making a plan: what the engine foresees for machines, and what a run in check mode finds on those that stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.converge.results import ConvergeResult
from smartcommune.converge.runner import run_playbook
from smartcommune.converge.tracking import expectations
from smartcommune.errors import NotProvisionedError
from smartcommune.plan.hosts import host_actions, host_seconds
from smartcommune.plan.plan import Plan, digest_of
from smartcommune.targets.timings import load_timings
from smartcommune.targets.vocabulary import name_of, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.converge.results import ConvergeEvent
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs
    from smartcommune.targets.stack import Stack

MADE_ANEW = ("create", "replace")


def make_plan(
    site: Site,
    catalogue: Catalogue,
    stack: Stack,
    on_event: Callable[[ConvergeEvent], None] | None = None,
) -> Plan:
    """Return what ``apply`` would do now. Changes nothing; the caller holds the stack's lock."""
    machines = stack.preview()
    touched = {name_of(step.urn): step.kind for step in machines.steps if type_of(step.urn).endswith(":Machine")}
    outputs = _outputs(stack)
    standing = frozenset(outputs.hosts) if outputs else frozenset()
    anew = {name for name, kind in touched.items() if kind in MADE_ANEW}
    fresh = frozenset(host.name for host in site.hosts if host.name not in standing or host.name in anew)
    seen = _look(
        site,
        outputs,
        tuple(sorted(standing - fresh - {*machines.not_reached, *machines.unready})),
        on_event,
        stack.lock,
    )
    timings = load_timings(paths.deployment(site.profile, site.target) / "timings.json")
    actions = host_actions(site, catalogue, seen.changes, timings, fresh)
    lost = {name for name, host in seen.hosts.items() if host.unreachable and name not in touched}
    return Plan(
        profile=site.profile,
        target=site.target,
        machines=machines.actions,
        hosts=actions,
        seconds_estimate=machines.seconds + host_seconds(site, expectations(site, timings, fresh)),
        not_reached=tuple(sorted({*machines.not_reached, *lost})),
        machines_digest=machines.digest,
        hosts_digest=digest_of(actions, seen.changes),
        unreached=machines.unreached,
        unseen=machines.unready,
        failures=tuple(each for each in seen.failures if each.host not in lost),
    )


def _outputs(stack: Stack) -> Outputs | None:
    try:
        return stack.outputs()
    except NotProvisionedError:
        return None


def _look(
    site: Site,
    outputs: Outputs | None,
    hosts: tuple[str, ...],
    on_event: Callable[[ConvergeEvent], None] | None,
    lock: int,
) -> ConvergeResult:
    """Return what a run in check mode finds on ``hosts``."""
    if outputs is None or not hosts:
        return ConvergeResult({}, (), 0.0)
    return run_playbook(site, outputs, check=True, limit=hosts, on_event=on_event, lock=lock)
