"""The few things of the computer itself that the lab changes, each remembered before and put back when the lab is gone.

They are kept once for all labs of a checkout: the mount of ``/run/netns`` that the first namespace needs, and
``fs.inotify.max_user_instances``, whose default (128) is too small for more than about eight machines.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab.commands import run
from smartcommune.lab.layout import NETNS, load_json, locked, write_json
from smartcommune.lab.models import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.lab.layout import Layout

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES_A_MACHINE = 16
_LOG = logging.getLogger(__name__)


def _record(layout: Layout) -> Path:
    return layout.root / "host.json"


@contextlib.contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    layout.root.mkdir(parents=True, exist_ok=True)
    with locked(layout.root / ".host.lock"):
        yield


def is_mount_point(path: Path) -> bool:
    """Return whether something is mounted on ``path`` (a folder bound onto itself included)."""
    return any(line.split()[4] == str(path) for line in Path("/proc/self/mountinfo").read_text().splitlines())


def note_netns_mount(layout: Layout) -> None:
    """Remember, before the first namespace is made, that ``/run/netns`` was not mounted."""
    with _locked(layout):
        record = load_json(_record(layout)) or {}
        if not is_mount_point(NETNS) and "netns" not in record:
            write_json(_record(layout), record | {"netns": "not mounted"})


def ensure_inotify(layout: Layout, machines: int, setting: Path = INOTIFY) -> bool:
    """Raise the inotify limit if ``machines`` need it; return False (and log) where it may not be changed."""
    wanted = (machines + 1) * _INSTANCES_A_MACHINE
    present = int(setting.read_text())
    if present >= wanted:
        return True
    with _locked(layout):
        record = load_json(_record(layout)) or {}
        write_json(_record(layout), {"inotify": present} | record)
        try:
            setting.write_text(str(max(wanted, 1024)))
        except OSError as error:
            _LOG.warning("%s stays at %d (%s): more machines may come up degraded", setting, present, error.strerror)
            return False
    return True


def restore(layout: Layout, *, dry_run: bool, setting: Path = INOTIFY) -> list[Finding]:
    """Put the computer's own settings back as they were; call when no lab of this checkout is left."""
    record = load_json(_record(layout)) or {}
    found: list[Finding] = []
    if "inotify" in record and int(setting.read_text()) != record["inotify"]:
        found.append(Finding("sysctl", "fs.inotify.max_user_instances", f"back to {record['inotify']}"))
        if not dry_run:
            setting.write_text(str(record["inotify"]))
    if "netns" in record and is_mount_point(NETNS) and not any(NETNS.iterdir()):
        found.append(Finding("mount", str(NETNS)))
        if not dry_run:
            run(["umount", str(NETNS)])
    if not dry_run:
        _record(layout).unlink(missing_ok=True)
        (layout.root / ".host.lock").unlink(missing_ok=True)
    return found
