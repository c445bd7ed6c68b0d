"""A plan as a whole: both sides' actions, how long they take, and the digests that tell whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

# imported at run time too: pydantic reads this type when a saved plan is loaded
from smartcommune.converge.results import HostFailure
from smartcommune.errors import UsageError
from smartcommune.plan.models import Action, Unreached, digest
from smartcommune.text import Text
from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.converge.results import HostChange

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``apply`` would do. ``not_reached`` names hosts nothing is known of; the times are in seconds.

    ``unreached`` says of those that the target could not get into why, and what to do. ``failures`` are the tasks that
    could not find out what they would do: of what comes after them on their host nothing is known. ``unseen`` names
    hosts whose inside is seen only when their machine is as it shall be again.

    Equal digests are equal plans of an unchanged world: ``machines_digest`` by the stack, ``hosts_digest`` by the
    tasks that would change something and what they would change.
    """

    profile: str
    target: str
    machines: tuple[Action, ...]
    hosts: tuple[Action, ...]
    seconds_estimate: float
    not_reached: tuple[str, ...]
    machines_digest: str
    hosts_digest: str
    format: int = FORMAT
    unreached: tuple[Unreached, ...] = ()
    failures: tuple[HostFailure, ...] = ()
    unseen: tuple[str, ...] = ()
    devices: tuple[Action, ...] = ()
    devices_digest: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do, as far as is known of all hosts."""
        return not self.machines and not self.hosts and not self.devices and not self.failures


def digest_of(actions: Iterable[Action], changes: Iterable[HostChange]) -> str:
    """Return the digest of what would be done on hosts."""
    facts = {
        "actions": sorted([action.kind, action.subject.en, action.reason.en] for action in actions),
        "changes": sorted([change.host, change.role, change.task, change.diff] for change in changes),
    }
    return digest(facts)


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan, whole or not at all."""
    write_whole(path, TypeAdapter(Plan).dump_json(plan, indent=2) + b"\n")


def load_plan(path: Path) -> Plan:
    """Return a saved plan; raises UsageError when the file is none."""
    try:
        plan = TypeAdapter(Plan).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise _no_plan(path) from error
    if plan.format != FORMAT:
        raise _no_plan(path)
    return plan


def _no_plan(path: Path) -> UsageError:
    return UsageError(
        Text(vi=f"{path} không phải là một kế hoạch đã lưu", en=f"{path} is no saved plan"),
        todo=Text(
            vi="lập kế hoạch: smartcommune plan <hồ sơ> --out <tệp>",
            en="make one: smartcommune plan <profile> --out <file>",
        ),
    )
