"""``apply``: machines, then hosts, then checks, then the report; and ``verify``, which is its last two steps.

The lock is held over all of ``apply``. A run that is cut leaves its record, and the same call resumes it. Hosts that
are not reached do not keep the others from being finished.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.converge.results import ConvergeResult
from smartcommune.errors import NotProvisionedError, is_interrupt
from smartcommune.exit_codes import DONE, FAILED, NOT_REACHED
from smartcommune.plan import check_plan
from smartcommune.plan.devices import device_failures, devices_unreached
from smartcommune.runs.devices import (
    from_checked_device,
    from_devices,
    nothing_seen,
    with_devices,
)
from smartcommune.runs.drill_record import load_drills
from smartcommune.runs.events import OnEvent, from_checks, from_hosts, from_machines
from smartcommune.runs.layers import Layers, real_layers
from smartcommune.runs.record import Recorder, load_latest
from smartcommune.runs.stages import stage
from smartcommune.targets.failures import HostsNotReachedError
from smartcommune.text import Text
from smartcommune.verify.report import ReportFiles, load_last_checked, write_report
from smartcommune.verify.report.build import build_report
from smartcommune.verify.results import HostReach, Verification

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.converge.results import HostFailure
    from smartcommune.devices.fleet import DeviceResult
    from smartcommune.plan import Plan, Unreached
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs
    from smartcommune.text import Language
    from smartcommune.verify.report.models import Report, Stage

_NOT_PROVISIONED = Text(vi="máy chưa được dựng", en="the host has not been provisioned yet")
_NOT_ASKED_FOR = Text(vi="lượt chạy này dùng --no-verify", en="this run was given --no-verify")
_CUT = Text(vi="lượt chạy dừng trước phần kiểm tra", en="the run ended before the checks")
CHANGING = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do. ``plan`` is a saved one: nothing but what it lists is done.

    ``accept_host_keys`` names existing machines and devices whose changed host key is trusted from now on;
    ``first_passwords`` has the passwords that devices came with.
    """

    verify: bool = True
    wait: timedelta | None = None
    limit: tuple[str, ...] = ()
    plan: Plan | None = None
    accept_host_keys: tuple[str, ...] = ()
    language: Language = "vi"
    first_passwords: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: things changed on both sides, the report, the exit code (0, 1, or 4 for hosts not reached).

    ``unreached`` are the hosts that the target could not get into.
    """

    changed_machines: int
    changed_hosts: int
    failures: tuple[HostFailure, ...]
    report: Report
    files: ReportFiles
    exit_code: int
    unreached: tuple[Unreached, ...] = ()
    changed_devices: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One run and what it works with."""

    site: Site
    catalogue: Catalogue
    settings: Settings
    tell: OnEvent
    layers: Layers
    recorder: Recorder

    def machines(self, stack: Any) -> tuple[Outputs, int]:
        """Make machines, networks and secrets; return what stands, and how many things changed.

        What does not answer is in ``stack.unreached``, and the rest is done.
        """
        plan = self.settings.plan
        with stage("machines", self.recorder, self.tell) as running:

            def take(event: Any) -> None:
                running.changed += event.state == "done" and event.operation in CHANGING
                running.take(from_machines(event))

            try:
                outputs: Outputs = stack.up(take, expected=plan.machines_digest if plan else None)
            except HostsNotReachedError as error:
                running.state, running.message = "failed", error.message
                outputs = stack.outputs()
        return outputs, running.changed

    def hosts(self, stack: Any, outputs: Outputs, fresh: frozenset[str]) -> ConvergeResult:
        """Converge the hosts that are reached; ``fresh`` are those that were just made."""
        limit = self._within(outputs, stack.unreached)
        if limit == ():
            return ConvergeResult({}, (), 0.0)
        with stage("hosts", self.recorder, self.tell) as running:
            result: ConvergeResult = self.layers.converge(
                self.site,
                outputs,
                limit=limit,
                on_event=lambda event: running.take(from_hosts(event)),
                fresh=fresh,
                lock=stack.lock,
            )
            running.changed = sum(host.changed for host in result.hosts.values())
            if any(host.failed or host.unreachable for host in result.hosts.values()):
                running.state = "failed"
        return result

    def devices(self, outputs: Outputs) -> tuple[DeviceResult, ...]:
        """Bring the devices to what is rendered; a commune without any has no such stage."""
        asked = tuple(device.name for device in self.site.devices if self._asked(device.name))
        if not asked:
            return ()
        with stage("devices", self.recorder, self.tell) as running:
            results: tuple[DeviceResult, ...] = self.layers.change(
                self.site,
                outputs,
                limit=asked,
                accept=frozenset(self.settings.accept_host_keys),
                passwords=self.settings.first_passwords,
                on_event=lambda event: running.take(from_devices(event)),
            )
            running.changed = sum(each.state == "changed" for each in results)
            if any(each.state in ("failed", "not_reached") for each in results):
                running.state = "failed"
        return results

    def checks(self, outputs: Outputs, unreached: tuple[Unreached, ...] = ()) -> Verification:
        """Run the checks of the hosts that are known; those never met are in the result as not reached."""
        limit = self._within(outputs, ())
        reasons = {each.host: each.message for each in unreached}
        lost = tuple(
            HostReach(name=host.name, reached=False, reason=reasons.get(host.name, _NOT_PROVISIONED))
            for host in self.site.hosts
            if self._asked(host.name) and limit is not None and host.name not in limit
        )
        devices = tuple(device.name for device in self.site.devices if self._asked(device.name))
        if limit == () and not devices:
            return nothing_seen().model_copy(update={"hosts": lost})
        seen = self._checked(outputs, limit, devices)
        return seen.model_copy(update={"hosts": (*seen.hosts, *lost)})

    def _checked(self, outputs: Outputs, limit: tuple[str, ...] | None, devices: tuple[str, ...]) -> Verification:
        titles: dict[str, Text] = {}
        with stage("checks", self.recorder, self.tell) as running:

            def take(event: dict[str, Any]) -> None:
                if (shown := from_checks(event, titles)) is not None:
                    running.take(shown)

            seen: Verification = nothing_seen()
            if limit != ():
                seen = self.layers.verify(self.site, outputs, take, limit=limit or ())
            if devices:
                looked = self.layers.look(
                    self.site, outputs, limit=devices, on_event=lambda event: running.take(from_checked_device(event))
                )
                seen = with_devices(self.site, seen, looked)
            running.state = "done" if seen.exit_code == DONE else "failed"
        return seen

    def _asked(self, host: str) -> bool:
        return not self.settings.limit or host in self.settings.limit

    def _within(self, outputs: Outputs, unreached: tuple[Unreached, ...]) -> tuple[str, ...] | None:
        """Return the hosts to go to: None for all, where all are asked for and there."""
        lost = {each.host for each in unreached}
        there = tuple(host.name for host in self.site.hosts if host.name in outputs.hosts and host.name not in lost)
        asked = tuple(name for name in there if self._asked(name))
        return None if len(asked) == len(self.site.hosts) else asked

    def report(
        self, stages: Iterable[Stage], seen: Verification | None, unchecked: Text | None = None
    ) -> tuple[Report, ReportFiles]:
        """Write the report of ``stages`` and of what was seen; where nothing was, ``unchecked`` says why."""
        made = datetime.now(UTC).isoformat(timespec="seconds")
        folder = paths.deployment(self.site.profile, self.site.target) / "report"
        last = load_last_checked(folder)
        report = build_report(
            self.site,
            self.catalogue,
            tuple(stages),
            seen,
            made,
            unchecked=unchecked,
            last_checked=last.generated if last else None,
            drills=load_drills(folder.parent),
        )
        return report, write_report(report, folder, self.settings.language)


def apply(site: Site, catalogue: Catalogue, settings: Settings, tell: OnEvent, layers: Layers | None = None) -> Outcome:
    """Make the commune as its Site says, check it, and write the report. Raises SmartCommuneError."""
    layers = layers or real_layers()
    with layers.stack(site, wait=settings.wait, accept_host_keys=settings.accept_host_keys) as stack:
        if settings.plan is not None:
            check_plan(settings.plan, site, catalogue, stack)
        recorder = Recorder(paths.deployment(site.profile, site.target), "apply")
        run = Run(site, catalogue, settings, tell, layers, recorder)
        try:
            before = _standing(stack)
            outputs, changed_machines = run.machines(stack)
            converged = run.hosts(stack, outputs, frozenset(outputs.hosts) - before)
            devices = run.devices(outputs)
            seen = run.checks(outputs, stack.unreached) if settings.verify else None
        except BaseException as error:
            recorder.finish("interrupted" if is_interrupt(error) else "failed")
            run.report(recorder.record.stages, None, _CUT)
            raise
        unreached = tuple(each for each in stack.unreached if not settings.limit or each.host in settings.limit)
        failures = (*converged.failures, *device_failures(devices))
        unreached = (*unreached, *devices_unreached(devices))
        code = _exit_code(converged, seen, unreached, failures)
        recorder.finish("done" if code == DONE else "failed")
        report, files = run.report(recorder.record.stages, seen, _NOT_ASKED_FOR)
        changed_hosts = sum(host.changed for host in converged.hosts.values())
        changed_devices = sum(each.state == "changed" for each in devices)
        return Outcome(changed_machines, changed_hosts, failures, report, files, code, unreached, changed_devices)


def verify(
    site: Site, catalogue: Catalogue, outputs: Outputs, settings: Settings, tell: OnEvent, layers: Layers | None = None
) -> Outcome:
    """Run the checks and write the report, with what the last ``apply`` did. Changes nothing on any host."""
    folder = paths.deployment(site.profile, site.target)
    last = load_latest(folder, "apply")
    recorder = Recorder(folder, "verify")
    run = Run(site, catalogue, settings, tell, layers or real_layers(), recorder)
    try:
        seen = run.checks(outputs)
    except BaseException as error:
        recorder.finish("interrupted" if is_interrupt(error) else "failed")
        raise
    recorder.finish("done" if seen.exit_code == DONE else "failed")
    earlier = [each for each in last.stages if each.name != "checks"] if last else []
    report, files = run.report([*earlier, *recorder.record.stages], seen)
    return Outcome(0, 0, (), report, files, seen.exit_code)


def _standing(stack: Any) -> frozenset[str]:
    """Return the hosts that stand already."""
    try:
        return frozenset(stack.outputs().hosts)
    except NotProvisionedError:
        return frozenset()


def _exit_code(
    converged: ConvergeResult,
    seen: Verification | None,
    unreached: tuple[Unreached, ...],
    failures: tuple[HostFailure, ...],
) -> int:
    checked = seen.exit_code if seen is not None else DONE
    if checked == FAILED or failures or any(host.failed for host in converged.hosts.values()):
        return FAILED
    lost = checked or unreached or any(host.unreachable for host in converged.hosts.values())
    return NOT_REACHED if lost else DONE
