"""A restore drill: fresh machines in the lab, made from the profile and the second machine's repositories alone.

The commune that is backed up is only read. Its twin gets machines, networks and secrets of its own, each service's
``restore``, and all checks; then it is destroyed. What the drill proves is: the repositories open with the keys on
record, every file is what its manifest says, every table counts as it did, and the services run on it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.errors import SmartCommuneError, is_interrupt
from smartcommune.runs.apply import Settings, apply, verify
from smartcommune.runs.drill_record import record_drill
from smartcommune.runs.events import OnEvent, from_machines
from smartcommune.runs.layers import Layers, real_layers
from smartcommune.runs.playbook import run_user_playbook
from smartcommune.text import Text
from smartcommune.verify.report.models import Drill, DrilledHost, DrilledService

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.converge.results import HostFailure
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs
    from smartcommune.text import Language
    from smartcommune.verify.report.models import Report

TWIN = "-drill"
ARCHIVES = "commune_backup_archives"
_NAMED = 5  # failed checks that are named on record


class DrillError(SmartCommuneError):
    """A step of the drill did not end well: which one, and what failed on hosts."""

    def __init__(self, message: Text, failures: tuple[HostFailure, ...] = ()) -> None:
        super().__init__(message)
        self.failures = failures


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """How a drill ended: what is on record of it, and the hosts' failures. ``exit_code`` is 0 or 1."""

    drill: Drill
    failures: tuple[HostFailure, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 unless everything came back and passed."""
        return 0 if self.drill.state == "passed" else 1


def twin_of(lab_site: Site) -> Site:
    """Return the commune's twin: the same hosts in the lab, under a name of its own; devices keep no data."""
    return replace(lab_site, profile=f"{lab_site.profile}{TWIN}", devices=())


class TwinStack:
    """The twin's stack, whose hosts get the commune's own secrets, as they would after a disaster: data know them."""

    def __init__(self, stack: Any, secrets: Mapping[str, str]) -> None:
        self._stack, self._secrets = stack, secrets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stack, name)

    def up(self, *arguments: Any, **options: Any) -> Outputs:
        """Make what is not there; return what stands."""
        return self._lent(self._stack.up(*arguments, **options))

    def outputs(self) -> Outputs:
        """Return what stands."""
        return self._lent(self._stack.outputs())

    def _lent(self, outputs: Outputs) -> Outputs:
        return replace(outputs, secrets={**outputs.secrets, **self._secrets})


def _lending(layers: Layers, site: Site, wait: timedelta | None) -> Layers:
    """Return layers whose stack lends the twin the secrets of the hosts of ``site``."""
    with layers.stack(site, wait=wait) as stack:
        secrets = stack.outputs().secrets
    own = {need.id: secrets[need.id] for need in site.secrets if need.id in secrets}

    @contextmanager
    def twin_stack(twin: Site, **options: Any) -> Iterator[TwinStack]:
        with layers.stack(twin, **options) as inner:
            yield TwinStack(inner, own)

    return replace(layers, stack=twin_stack)


def drill(
    site: Site,
    lab_site: Site,
    catalogue: Catalogue,
    tell: OnEvent,
    *,
    language: Language = "vi",
    wait: timedelta | None = None,
    layers: Layers | None = None,
) -> DrillOutcome:
    """Restore the newest backups of ``site`` on a twin made from ``lab_site``; put the result on record.

    Raises SmartCommuneError when the commune itself cannot be read (locked, not provisioned), with nothing on record.
    """
    layers = layers or real_layers()
    folder = paths.deployment(site.profile, site.target)
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    facts: dict[str, Any] = {}
    failures: tuple[HostFailure, ...] = ()
    with _archives(folder) as archives:
        try:
            _export(site, archives, tell, wait, layers)
            lending = _lending(layers, site, wait)
            with _standing(twin_of(lab_site), catalogue, tell, language, lending) as twin:
                _restore(twin, archives, tell, lending)
                facts["hosts"] = proofs(site, archives)
                seen = _checked(twin, catalogue, tell, language, lending)
            problem = _failed(seen)
            facts |= {"checks_passed": seen.summary.passed, "checks_failed": _lacking(seen)}
        except DrillError as error:
            problem, failures = error.message, error.failures
    done = Drill(
        state="failed" if problem else "passed",
        started=started,
        seconds=round(time.monotonic() - clock, 1),
        problem=problem,
        **facts,
    )
    record_drill(folder, done, language)
    return DrillOutcome(done, failures)


@contextmanager
def _archives(folder: Path) -> Iterator[Path]:
    """Yield a folder for what is not encrypted, which is gone afterwards, and so is one that a killed drill left."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("drill-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=folder, prefix="drill-") as name:
        yield Path(name)


def _export(site: Site, archives: Path, tell: OnEvent, wait: timedelta | None, layers: Layers) -> None:
    """Have the newest backups brought from the second machine."""
    result = run_user_playbook(
        site, "export_backup", tell, variables={ARCHIVES: str(archives)}, wait=wait, layers=layers
    )
    if result.exit_code:
        raise DrillError(_EXPORT, result.failures)
    if not list(archives.glob("*.tar")):
        raise DrillError(_WITHOUT)


@contextmanager
def _standing(twin: Site, catalogue: Catalogue, tell: OnEvent, language: Language, layers: Layers) -> Iterator[Site]:
    """Have the twin stand for the length of the drill; what an earlier one left is removed first."""
    _remove(twin, tell, layers)
    try:
        outcome = apply(twin, catalogue, Settings(verify=False, language=language), tell, layers)
        if outcome.exit_code:
            raise DrillError(_APPLY, outcome.failures)
        yield twin
    except SmartCommuneError as error:
        if is_interrupt(error) or isinstance(error, DrillError):
            raise
        raise DrillError(error.message) from error
    finally:
        _remove(twin, tell, layers)


def _remove(twin: Site, tell: OnEvent, layers: Layers) -> None:
    with layers.stack(twin) as stack:
        stack.destroy(lambda event: tell(from_machines(event)))
    layers.clean(twin.profile)
    shutil.rmtree(paths.deployment(twin.profile, twin.target).parent, ignore_errors=True)


def _restore(twin: Site, archives: Path, tell: OnEvent, layers: Layers) -> None:
    result = run_user_playbook(
        twin,
        "restore",
        tell,
        variables={ARCHIVES: str(archives), "commune_backup_away": "true"},
        layers=layers,
    )
    if result.exit_code:
        raise DrillError(_RESTORE, result.failures)


def proofs(site: Site, archives: Path) -> tuple[DrilledHost, ...]:
    """Return what each host's manifests and counts said of what was restored; raises DrillError when nothing was."""
    hosts = []
    for host in site.hosts:
        proof, snapshot = archives / f"{host.name}.proof.json", archives / f"{host.name}.snapshot.json"
        if proof.exists():
            found = json.loads(proof.read_bytes())
            services = tuple(
                DrilledService(name=name, **{key: value for key, value in each.items() if key != "state"})
                for name, each in found["services"].items()
            )
            identity = json.loads(snapshot.read_bytes())["id"]
            hosts.append(DrilledHost(name=host.name, stamp=found["stamp"], snapshot=identity, services=services))
    if not hosts:
        raise DrillError(_WITHOUT)
    return tuple(hosts)


def _checked(twin: Site, catalogue: Catalogue, tell: OnEvent, language: Language, layers: Layers) -> Report:
    """Run every check of the twin; return the report."""
    with layers.stack(twin) as stack:
        outputs = stack.outputs()
    return verify(twin, catalogue, outputs, Settings(language=language), tell, layers).report


def _lacking(report: Report) -> int:
    return report.summary.failed + report.summary.not_reached + report.summary.not_run


def _failed(report: Report) -> Text | None:
    """Return which checks failed, None when each that was planned passed or was skipped."""
    if not _lacking(report):
        return None
    results = [each for each in (report.seen.results if report.seen else ()) if each.state not in ("passed", "skipped")]
    vi = "; ".join(f"{each.check.host}: {each.check.title.vi}" for each in results[:_NAMED])
    en = "; ".join(f"{each.check.host}: {each.check.title.en}" for each in results[:_NAMED])
    return Text(vi=f"{_CHECKS.vi} ({vi})", en=f"{_CHECKS.en} ({en})")


_WITHOUT = Text(
    vi="chưa máy nào gửi bản sao lưu ra máy thứ hai", en="no machine has sent a backup to the second one yet"
)
_EXPORT = Text(vi="không lấy được bản sao lưu từ máy thứ hai", en="the backups could not be read on the second machine")
_APPLY = Text(vi="không dựng được các máy để diễn tập", en="the machines of the drill could not be made")
_RESTORE = Text(vi="dữ liệu không khôi phục được nguyên vẹn", en="the data did not come back as they were")
_CHECKS = Text(vi="có kiểm tra hỏng trên dữ liệu đã khôi phục", en="checks of the services failed on the restored data")
