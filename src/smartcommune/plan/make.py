"""Making a plan: what the engine foresees for machines, and what a run in check mode finds on hosts and devices.

Making it again tells whether a saved one still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.converge.results import ConvergeResult
from smartcommune.converge.runner import run_playbook
from smartcommune.converge.tracking import expectations
from smartcommune.devices.work import look_at_devices
from smartcommune.errors import NotProvisionedError, PlanChangedError, UsageError
from smartcommune.plan.devices import device_actions, device_failures, devices_digest, devices_unreached
from smartcommune.plan.hosts import host_actions, host_seconds
from smartcommune.plan.plan import Plan, digest_of
from smartcommune.targets.timings import load_timings
from smartcommune.targets.vocabulary import name_of, type_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.converge.results import ConvergeEvent
    from smartcommune.devices.fleet import DeviceEvent, DeviceResult
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs
    from smartcommune.targets.planning import MachinesPlan
    from smartcommune.targets.stack import Stack

MADE_ANEW = ("create", "replace")


def make_plan(
    site: Site,
    catalogue: Catalogue,
    stack: Stack,
    on_event: Callable[[ConvergeEvent], None] | None = None,
    on_device: Callable[[DeviceEvent], None] | None = None,
    accept: frozenset[str] = frozenset(),
    passwords: Mapping[str, str] | None = None,
) -> Plan:
    """Return what ``apply`` would do now. Changes nothing; the caller holds the stack's lock.

    ``accept`` names devices whose changed host key is trusted, ``passwords`` are those that new devices came with.
    """
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
    unmade, unready = _unready_devices(site, machines, outputs)
    looked = _look_at_devices(site, outputs, unmade | unready, on_device, accept, passwords)
    on_devices = device_actions(site, looked, unmade)
    silent = devices_unreached(looked)
    return Plan(
        profile=site.profile,
        target=site.target,
        machines=machines.actions,
        hosts=actions,
        seconds_estimate=machines.seconds
        + host_seconds(site, expectations(site, timings, fresh))
        + max((action.seconds for action in on_devices), default=0.0),
        not_reached=tuple(sorted({*machines.not_reached, *lost, *(each.host for each in silent)})),
        machines_digest=machines.digest,
        hosts_digest=digest_of(actions, seen.changes),
        unreached=(*machines.unreached, *silent),
        unseen=(*machines.unready, *sorted(unready)),
        failures=(*(each for each in seen.failures if each.host not in lost), *device_failures(looked)),
        devices=on_devices,
        devices_digest=devices_digest(looked, on_devices) if site.devices else "",
    )


def check_plan(plan: Plan, site: Site, catalogue: Catalogue, stack: Stack) -> None:
    """Make ``plan`` again and compare.

    Raises UsageError when it is another commune's, PlanChangedError when it no longer holds; nothing was touched.
    """
    if (site.profile, site.target) != (plan.profile, plan.target):
        raise UsageError(
            Text(
                vi=f"kế hoạch này là của {plan.profile} trên {plan.target}",
                en=f"this plan is for {plan.profile} on {plan.target}",
            )
        )
    now = make_plan(site, catalogue, stack)
    digests = (plan.machines_digest, plan.hosts_digest, plan.devices_digest)
    if (now.machines_digest, now.hosts_digest, now.devices_digest) != digests:
        raise PlanChangedError(site.profile)


def _unready_devices(
    site: Site, machines: MachinesPlan, outputs: Outputs | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the simulators that are made first, and those that are to be started first."""
    steps = {name_of(step.urn): step.kind for step in machines.steps if type_of(step.urn).endswith(":Simulator")}
    names = {device.name for device in site.devices}
    if outputs is None:
        return frozenset(names), frozenset()
    made = {name for name, kind in steps.items() if kind in MADE_ANEW and name in names}
    return frozenset(made), frozenset({name for name in steps if name in names} - made)


def _look_at_devices(
    site: Site,
    outputs: Outputs | None,
    left_out: frozenset[str],
    on_event: Callable[[DeviceEvent], None] | None,
    accept: frozenset[str],
    passwords: Mapping[str, str] | None,
) -> tuple[DeviceResult, ...]:
    chosen = tuple(device.name for device in site.devices if device.name not in left_out)
    if outputs is None or not chosen:
        return ()
    return look_at_devices(site, outputs, limit=chosen, accept=accept, passwords=passwords, on_event=on_event)


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
