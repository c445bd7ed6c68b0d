"""Finding and removing all that a lab left, also when its state was lost: by marks, names and places.

Marks are: the environment of every process, the alias of every namespace's loopback link, the folder of every image.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import background, cgroup, host, loop, machine, network, process
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import CGROUP_PARENT, UNIT_PREFIX, Layout, layout
from smartcommune.lab.models import Finding
from smartcommune.lab.place import PLACES, STATION, names, programs
from smartcommune.transports.ssh import control_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Found = Iterator[tuple[Finding, Callable[[], object]]]

_KILL_TIMEOUT = 15.0


def find_labs(state: Path | None = None) -> tuple[str, ...]:
    """Return the profiles that have, or left, anything of a lab of this checkout."""
    root = layout("-", state).root
    found = {path.name for path in root.iterdir() if path.is_dir()} if root.is_dir() else set()
    marks = [mark.partition(":")[0] for mark in background.marked_processes(f"{root}/").values()]
    marks += [_mark_of(name) for name in network.namespaces_present() if name.startswith("sc-")]
    found.update(Path(mark).name for mark in marks if Path(mark).parent == root)
    return tuple(sorted(found))


def clean(profile: str, state: Path | None = None, *, dry_run: bool = False) -> tuple[Finding, ...]:
    """Remove everything of one commune's lab and return what was found; with ``dry_run`` only look.

    The base image and the packages stay in the cache. When no lab of the checkout is left, the computer's own
    settings are put back as they were.
    """
    place = layout(profile, state)
    found: list[Finding] = []
    for find in (_processes, _guests, _ssh_masters, _units, _groups, _namespaces, _mounts, _loops, _files):
        for finding, remove in find(place):
            found.append(finding)
            if not dry_run:
                remove()
    if not set(find_labs(state)) - {profile}:
        found += host.restore(place, dry_run=dry_run)
        if not dry_run and place.root.is_dir() and not any(place.root.iterdir()):
            place.root.rmdir()
    return tuple(found)


def _processes(place: Layout) -> Found:
    """Find the machines and the lab's other processes by their marks."""
    marked = background.marked_processes(f"{place.directory}:")
    for pid, mark in marked.items():
        kind, _, name = mark.removeprefix(f"{place.directory}:").partition(":")
        action = partial(machine.kill, place, name) if kind == "machine" else partial(_end, pid)
        yield Finding("process", str(pid), f"{kind} {name}"), action


def _guests(place: Layout) -> Found:
    """Find programs that live in a station, also those that have shed their mark."""
    for netns in names(place, STATION):
        if _mark_of(netns) == str(place.directory):
            for pid, process in programs(netns).items():
                yield Finding("process", str(pid), f"in {netns}"), process.end


def _ssh_masters(place: Layout) -> Found:
    """Find connections that ssh keeps open: each holds a socket in the namespace, and so the namespace itself."""
    start = f"ssh: {control_folder(place.deployment)}/"
    for pid in process.all_pids():
        with contextlib.suppress(OSError):
            title = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            if title.startswith(start):
                yield Finding("process", str(pid), "ssh connection kept open"), partial(_end, pid)


def _end(pid: int) -> None:
    started = process.start_ticks(pid)
    if started is not None:
        process.Process(pid, started).end()


def _units(place: Layout) -> Found:
    """Find the transient units whose environment carries the mark."""
    if not background.booted_with_systemd():
        return
    pattern = f"{UNIT_PREFIX}{place.profile}-*"
    listed = run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "--output=json", pattern])
    for entry in json.loads(listed or "[]"):
        unit = entry["unit"].removesuffix(".service")
        if f"={place.directory}:" in run(["systemctl", "show", "--property=Environment", f"{unit}.service"]):
            yield Finding("unit", unit), partial(background.forget_unit, unit)


def _groups(place: Layout) -> Found:
    for hierarchy in cgroup.hierarchies():
        group = hierarchy.mount / CGROUP_PARENT / place.cgroup_name
        if group.is_dir():
            yield Finding("cgroup", str(group)), partial(_remove_group, {hierarchy: group})


def _remove_group(groups: dict[cgroup.Hierarchy, Path]) -> None:
    cgroup.kill(groups, _KILL_TIMEOUT)
    cgroup.remove(groups)
    for group in groups.values():
        cgroup.remove_parents(CGROUP_PARENT, group.name)


def _namespaces(place: Layout) -> Found:
    for name in network.namespaces_present():
        named = name == place.netns or name.startswith(tuple(f"{place.netns}-{kind}-" for kind in PLACES))
        # One without a mark was made by a run that was killed before it could set it.
        if named and _mark_of(name) in ("", str(place.directory)):
            yield Finding("namespace", name), partial(run, ["ip", "netns", "delete", name])


def _mark_of(netns: str) -> str:
    with contextlib.suppress(LabError):
        return network.owner_mark(netns)
    return ""  # removed in between


def _mounts(place: Layout) -> Found:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for point in reversed([line.split()[4] for line in lines]):
        if Path(point).is_relative_to(place.directory):
            yield Finding("mount", point), partial(run, ["umount", point])


def _loops(place: Layout) -> Found:
    for device, image in loop.all_attached():
        if Path(image).is_relative_to(place.directory):
            yield Finding("loop", device, image), partial(run, ["losetup", "--detach", f"/dev/{device}"])


def _files(place: Layout) -> Found:
    control = control_folder(place.deployment)
    if control.is_dir() and not control.is_relative_to(place.deployment):
        yield Finding("file", str(control), "folder of kept ssh connections"), partial(shutil.rmtree, control)
    if place.directory.exists():
        yield Finding("file", str(place.directory)), partial(shutil.rmtree, place.directory)
