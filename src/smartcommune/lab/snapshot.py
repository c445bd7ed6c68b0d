"""Snapshots of a commune: all its machines' disks at one moment, and back to it in seconds."""

from __future__ import annotations

import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import cgroup, disk, machine
from smartcommune.lab.errors import LabUsageError
from smartcommune.lab.layout import Layout, load_json, write_json
from smartcommune.lab.models import Progress, ProgressCallback, ignore_progress
from smartcommune.lab.record import names, require
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot: its name, when it was taken (seconds since the epoch), its machines, and the bytes it takes up."""

    name: str
    taken_at: float
    machines: tuple[str, ...]
    size: int


def load_snapshots(layout: Layout) -> tuple[Snapshot, ...]:
    """Return the snapshots there are."""
    if not layout.snapshots.is_dir():
        return ()
    found = []
    for folder in sorted(layout.snapshots.iterdir()):
        record = load_json(folder / "snapshot.json")
        if record is not None and not folder.name.startswith("."):
            size = sum(disk.used(image) for image in folder.glob("*.img"))
            found.append(Snapshot(folder.name, record["taken_at"], tuple(record["machines"]), size))
    return tuple(found)


def take(
    layout: Layout, name: str, progress: ProgressCallback = ignore_progress, *, dry_run: bool = False
) -> tuple[str, ...]:
    """Keep the disks of all machines as they are now under ``name`` (an older one is replaced); return the machines.

    Running machines stand still for the moment of the copy and go on; where the computer cannot freeze them (no
    cgroup v2) they are shut down and started again. Raises LabUsageError for a bad name or a lab without machines.
    """
    if not _NAME.fullmatch(name):
        raise LabUsageError(
            Text(
                vi=f"tên bản chụp {name!r} không hợp lệ: chỉ dùng chữ thường, số, dấu chấm và gạch",
                en=f"not a name for a snapshot: {name!r}; use lower-case letters, digits, dots and dashes",
            )
        )
    hosts = names(layout)
    if not hosts:
        raise LabUsageError(Text(vi="lab chưa có máy nào", en="the lab has no machines yet"))
    if dry_run:
        return tuple(hosts)
    _mend(layout, name)
    partial = layout.snapshots / f".{name}.partial"
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    with ExitStack() as locks:
        for host in hosts:
            locks.enter_context(layout.lock(f"machine-{host}"))
        running = [host for host in hosts if machine.load_launcher(layout, host)]
        stopped = [host for host in running if not cgroup.freeze(machine.groups(layout, host), frozen=True)]
        try:
            for host in stopped:
                machine.stop(layout, host)
            for host in set(running) - set(stopped):
                if mounted := machine.mounted_disk(layout, host):
                    disk.sync_filesystem(mounted)
            progress(Progress(Text(vi="Chép đĩa của các máy", en="Copying the machines' disks"), 0.3))
            _copy_all([(layout.machine(host) / "disk.img", partial / f"{host}.img") for host in hosts])
        finally:
            for host in running:
                machine.start(layout, require(layout, host))
        keys = {host: require(layout, host).host_key for host in hosts}
        write_json(partial / "snapshot.json", {"taken_at": time.time(), "machines": keys, "running": running})
    _put_in_place(layout, name, partial)
    return tuple(hosts)


def _put_in_place(layout: Layout, name: str, fresh: Path) -> None:
    """Let ``fresh`` take the place of a snapshot's folder; a cut in between is mended by :func:`_mend`."""
    final, old = layout.snapshots / name, layout.snapshots / f".{name}.old"
    if final.exists():
        if old.exists():
            shutil.rmtree(old)
        final.rename(old)
    fresh.rename(final)
    if old.exists():
        shutil.rmtree(old)


def _mend(layout: Layout, name: str) -> None:
    final, old = layout.snapshots / name, layout.snapshots / f".{name}.old"
    if old.exists() and not final.exists():
        old.rename(final)


def reset(
    layout: Layout, name: str, progress: ProgressCallback = ignore_progress, *, dry_run: bool = False
) -> tuple[str, ...]:
    """Put all machines' disks back as they were, start what ran then, and return the machines.

    What happened since is lost. Raises LabUsageError when there is no such snapshot, or a machine in it was replaced
    since it was taken.
    """
    record = None
    if _NAME.fullmatch(name):
        _mend(layout, name)
        record = load_json(layout.snapshots / name / "snapshot.json")
    if record is None:
        there = ", ".join(snapshot.name for snapshot in load_snapshots(layout)) or "–"
        raise LabUsageError(
            Text(vi=f"không có bản chụp {name}; có: {there}", en=f"there is no snapshot {name}; there are: {there}")
        )
    for host, key in record["machines"].items():
        if require(layout, host).host_key != key:
            raise LabUsageError(
                Text(
                    vi=f"máy {host} đã được thay mới sau khi chụp {name}",
                    en=f"the machine {host} was replaced after the snapshot {name} was taken",
                )
            )
    hosts = tuple(record["machines"])
    if dry_run:
        return hosts
    with ExitStack() as locks:
        for host in hosts:
            locks.enter_context(layout.lock(f"machine-{host}"))
        progress(Progress(Text(vi="Dừng các máy", en="Stopping the machines"), 0.1))
        with ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(lambda host: machine.kill(layout, host), hosts))
        progress(Progress(Text(vi="Trả đĩa về như cũ", en="Putting the disks back"), 0.3))
        _copy_all([(layout.snapshots / name / f"{host}.img", layout.machine(host) / "disk.img") for host in hosts])
        progress(Progress(Text(vi="Khởi động các máy", en="Starting the machines"), 0.8))
        for host in record["running"]:
            machine.start(layout, require(layout, host))
    return hosts


def _copy_all(pairs: Sequence[tuple[Path, Path]]) -> None:
    with ThreadPoolExecutor(min(4, len(pairs))) as pool:
        list(pool.map(lambda pair: disk.copy_image(*pair), pairs))
