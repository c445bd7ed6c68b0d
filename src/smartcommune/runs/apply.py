"""``apply``: machines, then hosts, then checks, then the report; and ``verify``, which is its last two steps.

The lock is held over machines and hosts. A run that is cut leaves its record and is resumed by the same call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.errors import NotProvisionedError, SmartCommuneError
from smartcommune.runs.events import OnEvent, from_checks, from_hosts, from_machines
from smartcommune.runs.layers import Layers, real_layers
from smartcommune.runs.record import Recorder, RunRecord, load_latest
from smartcommune.runs.stages import stage
from smartcommune.verify.report import ReportFiles, write_report
from smartcommune.verify.report.build import build_report

if TYPE_CHECKING:
    from pathlib import Path

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.plan import Plan
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs
    from smartcommune.text import Language, Text
    from smartcommune.verify.report.models import Report
    from smartcommune.verify.results import Verification


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do. ``plan`` is a saved one: nothing but what it lists is done."""

    verify: bool = True
    wait: timedelta | None = None
    limit: tuple[str, ...] = ()
    plan: Plan | None = None
    language: Language = "vi"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: things changed on both sides, the report, the exit code (0, 1, or 4 for hosts not reached)."""

    changed_machines: int
    changed_hosts: int
    failures: tuple[str, ...]
    report: Report
    files: ReportFiles
    exit_code: int


def apply(site: Site, catalogue: Catalogue, settings: Settings, tell: OnEvent, layers: Layers | None = None) -> Outcome:
    """Make the commune as its Site says, check it, and write the report. Raises SmartCommuneError."""
    layers = layers or real_layers()
    folder = paths.deployment(site.profile, site.target)
    with layers.stack(site, wait=settings.wait) as stack:
        recorder = Recorder(folder, "apply")
        try:
            if settings.plan is not None:
                settings.plan.check(site, stack)
            outputs, machines = _machines(stack, settings, recorder, tell)
            converged = _hosts(site, outputs, settings, recorder, tell, layers)
            seen = _checks(site, outputs, settings, recorder, tell, layers) if settings.verify else None
        except BaseException as error:
            recorder.finish("interrupted" if _interrupted(error) else "failed")
            _report(site, catalogue, recorder.record, None, folder, settings.language)
            raise
        hosts = converged.hosts.items()
        failures = tuple(f"{name}: {host.failed} failed" for name, host in hosts if host.failed)
        unreached = any(host.unreachable for _, host in hosts)
        checked = seen.exit_code if seen is not None else 0
        code = 1 if failures or checked == 1 else 4 if unreached or checked else 0
        recorder.finish("done" if code == 0 else "failed")
        report, files = _report(site, catalogue, recorder.record, seen, folder, settings.language)
        changed = sum(host.changed for _, host in hosts)
        return Outcome(machines, changed, failures, report, files, code)


def verify(
    site: Site, catalogue: Catalogue, outputs: Outputs, settings: Settings, tell: OnEvent, layers: Layers | None = None
) -> Outcome:
    """Run the checks and write the report, with what the last ``apply`` did. Changes nothing on any host."""
    layers = layers or real_layers()
    folder = paths.deployment(site.profile, site.target)
    last = load_latest(folder, "apply")
    recorder = Recorder(folder, "verify")
    try:
        seen = _checks(site, outputs, settings, recorder, tell, layers)
    except BaseException as error:
        recorder.finish("interrupted" if _interrupted(error) else "failed")
        raise
    recorder.finish("done" if seen.exit_code == 0 else "failed")
    earlier = [each for each in last.stages if each.name != "checks"] if last else []
    record = recorder.record.model_copy(update={"stages": [*earlier, *recorder.record.stages]})
    report, files = _report(site, catalogue, record, seen, folder, settings.language)
    return Outcome(0, 0, (), report, files, seen.exit_code)


def _machines(stack: Any, settings: Settings, recorder: Recorder, tell: OnEvent) -> tuple[Outputs, int]:
    with stage("machines", recorder, tell) as running:

        def take(event: Any) -> None:
            running.changed += event.state == "done" and event.operation in ("create", "update", "delete")
            running.take(from_machines(event))

        outputs = stack.up(take, expected=settings.plan.machines_digest if settings.plan else None)
    return outputs, running.changed


def _hosts(site: Site, outputs: Outputs, settings: Settings, recorder: Recorder, tell: OnEvent, layers: Layers) -> Any:
    with stage("hosts", recorder, tell) as running:
        result = layers.converge(
            site,
            outputs,
            limit=settings.limit or None,
            on_event=lambda event: running.take(from_hosts(event)),
        )
        running.changed = sum(host.changed for host in result.hosts.values())
        if any(host.failed or host.unreachable for host in result.hosts.values()):
            running.state = "failed"
    return result


def _checks(
    site: Site, outputs: Outputs, settings: Settings, recorder: Recorder, tell: OnEvent, layers: Layers
) -> Verification:
    titles: dict[str, Text] = {}
    with stage("checks", recorder, tell) as running:
        seen: Verification = layers.verify(
            site, outputs, lambda event: running.take(from_checks(event, titles)), limit=settings.limit
        )
        running.state = "done" if seen.exit_code == 0 else "failed"
    return seen


def _report(
    site: Site, catalogue: Catalogue, record: RunRecord, seen: Verification | None, folder: Path, language: Language
) -> tuple[Report, ReportFiles]:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    report = build_report(site, catalogue, tuple(record.stages), seen, made)
    return report, write_report(report, folder / "report", language)


def _interrupted(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt) or (isinstance(error, SmartCommuneError) and error.exit_code == 130)


__all__ = ["NotProvisionedError", "Outcome", "Settings", "apply", "verify"]
