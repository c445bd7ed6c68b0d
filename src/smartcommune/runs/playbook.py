"""Running one of the users' playbooks (``backup``, ``restore`` …) on what stands, under the commune's lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.errors import is_interrupt
from smartcommune.exit_codes import DONE, FAILED, NOT_REACHED
from smartcommune.runs.events import OnEvent, from_hosts
from smartcommune.runs.layers import Layers, real_layers
from smartcommune.runs.record import Recorder
from smartcommune.runs.stages import stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from smartcommune.converge.results import HostFailure, HostResult
    from smartcommune.site.models import Site


@dataclass(frozen=True, slots=True)
class PlaybookOutcome:
    """How a playbook ended on each host: counts by Ansible's words; ``exit_code`` 0, 1 or 4."""

    hosts: dict[str, HostResult]
    failures: tuple[HostFailure, ...]

    @property
    def exit_code(self) -> int:
        """1 when a task failed, 4 when a host was not reached, else 0."""
        if any(host.failed for host in self.hosts.values()):
            return FAILED
        return NOT_REACHED if any(host.unreachable for host in self.hosts.values()) else DONE

    def to_plain(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {"hosts": self.hosts, "failures": self.failures, "exit_code": self.exit_code}


def run_user_playbook(
    site: Site,
    playbook: str,
    tell: OnEvent,
    *,
    limit: tuple[str, ...] = (),
    stamp: str | None = None,
    variables: Mapping[str, str] | None = None,
    wait: timedelta | None = None,
    layers: Layers | None = None,
) -> PlaybookOutcome:
    """Run ``playbooks/<playbook>.yml``, for the backup ``stamp`` where one is named; ``variables`` are no secrets.

    Raises SmartCommuneError; NotProvisionedError before anything is touched.
    """
    layers = layers or real_layers()
    with layers.stack(site, wait=wait) as stack:
        outputs = stack.outputs()
        recorder = Recorder(paths.deployment(site.profile, site.target), playbook, backup=stamp)
        try:
            with stage("hosts", recorder, tell) as running:
                result = layers.converge(
                    site,
                    outputs,
                    playbook=playbook,
                    limit=limit or None,
                    variables={**({"commune_backup_stamp": stamp} if stamp else {}), **(variables or {})},
                    on_event=lambda event: running.take(from_hosts(event)),
                    lock=stack.lock,
                )
                running.changed = sum(host.changed for host in result.hosts.values())
        except BaseException as error:
            recorder.finish("interrupted" if is_interrupt(error) else "failed")
            raise
        outcome = PlaybookOutcome(dict(result.hosts), result.failures)
        recorder.finish("done" if outcome.exit_code == 0 else "failed")
        return outcome
