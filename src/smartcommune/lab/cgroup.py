"""A machine's own control group, on cgroup v1, hybrid and v2, with systemd as PID 1 and without.

Machines that share a group would see each other's services. A machine has one *top* group in each hierarchy; where
systemd's nspawn keeps house (``name=systemd`` and v2) the launcher sits in ``launcher`` and the machine in ``machine``
below it, since a v2 group that hands out controllers holds no processes itself.

Standard library only, since the launcher imports it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_WANTED = frozenset({"name=systemd", "memory", "pids", "cpuacct"})
_NO_LIMIT = 1 << 60  # v1 says "no limit" by a number near 2^63


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted hierarchy: its mount point, the group mounted there, its v1 controllers (empty for v2)."""

    mount: Path
    root: str
    controllers: frozenset[str]

    @property
    def unified(self) -> bool:
        """Whether it is cgroup v2."""
        return not self.controllers

    @property
    def nested(self) -> bool:
        """Whether nspawn makes groups of its own in it."""
        return self.unified or "name=systemd" in self.controllers


def hierarchies(mountinfo: str | None = None) -> list[Hierarchy]:
    """Return the mounted hierarchies that matter for a machine, read from ``/proc/self/mountinfo``."""
    text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    found: dict[Path, Hierarchy] = {}
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        root, mount = left.split()[3:5]
        if kind == "cgroup2":
            found[Path(mount)] = Hierarchy(Path(mount), root, frozenset())
        elif kind == "cgroup" and (controllers := _WANTED.intersection(options.split(","))):
            found[Path(mount)] = Hierarchy(Path(mount), root, controllers)
    return list(found.values())


def _path_in(hierarchy: Hierarchy, membership: str) -> Path | None:
    """Return the folder of a process's group in ``hierarchy`` from its ``/proc/<pid>/cgroup``."""
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        same = not controllers if hierarchy.unified else hierarchy.controllers.intersection(controllers.split(","))
        if same:
            inside = path.removeprefix(hierarchy.root) if hierarchy.root != "/" else path
            return hierarchy.mount / inside.lstrip("/")
    return None


def of_unit(pid: int | str, unit: str) -> dict[Hierarchy, Path]:
    """Return the groups that systemd gave ``unit``, whose process ``pid`` is; none in hierarchies it shares."""
    membership = Path(f"/proc/{pid}/cgroup").read_text()
    tops: dict[Hierarchy, Path] = {}
    for hierarchy in hierarchies():
        path = _path_in(hierarchy, membership)
        for group in (path, *path.parents) if path else ():
            if group.name == f"{unit}.service":
                tops[hierarchy] = group
    return tops


def own(parent: str, name: str) -> dict[Hierarchy, Path]:
    """Return the top groups of a machine where the lab keeps groups itself (PID 1 is not systemd)."""
    return {item: item.mount / parent / name for item in hierarchies()}


def _enable(group: Path) -> None:
    """Hand out the controllers of a v2 group to its children, as far as it has any and may."""
    for controller in ("memory", "pids", "cpu"):
        with contextlib.suppress(OSError):
            (group / "cgroup.subtree_control").write_text(f"+{controller}")


def _make_top(hierarchy: Hierarchy, top: Path) -> None:
    """Make a group and its parents, with the controllers handed down on v2."""
    for ancestor in reversed(top.relative_to(hierarchy.mount).parents):
        (hierarchy.mount / ancestor).mkdir(exist_ok=True)
        if hierarchy.unified:
            _enable(hierarchy.mount / ancestor)
    top.mkdir(exist_ok=True)


def enter(tops: dict[Hierarchy, Path]) -> list[str]:
    """Move this process into its groups, ``launcher`` where there are inner ones; return what was refused.

    A hierarchy that is read-only (in a container) is left out: the machine then has no limit there.
    """
    refused = []
    for hierarchy, top in tops.items():
        group = top / "launcher" if hierarchy.nested else top
        try:
            if not top.exists():
                _make_top(hierarchy, top)
            group.mkdir(exist_ok=True)
            (group / "cgroup.procs").write_text(str(os.getpid()))
            if hierarchy.unified:
                _enable(top)
        except OSError as error:
            refused.append(f"{hierarchy.mount.name}: {error.strerror}")
    return refused


def enter_machine(tops: dict[Hierarchy, Path]) -> None:
    """Move this process from the launcher's groups into the machine's."""
    for hierarchy, top in tops.items():
        if hierarchy.nested and (top / "launcher").is_dir():
            (top / "machine").mkdir(exist_ok=True)
            (top / "machine" / "cgroup.procs").write_text(str(os.getpid()))


def pids(tops: dict[Hierarchy, Path]) -> set[int]:
    """Return all processes in the groups and below."""
    found: set[int] = set()
    for top in tops.values():
        for folder, _, files in os.walk(top):
            if "cgroup.procs" in files:
                with contextlib.suppress(OSError):
                    found.update(int(line) for line in Path(folder, "cgroup.procs").read_text().split())
    return found


def kill(tops: dict[Hierarchy, Path], timeout: float) -> bool:
    """Kill every process in the groups; return whether none is left after ``timeout`` seconds."""
    freeze(tops, frozen=False)
    end = time.monotonic() + timeout
    while left := pids(tops) - {os.getpid()}:
        if time.monotonic() > end:
            return False
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return True


def remove(tops: dict[Hierarchy, Path]) -> None:
    """Remove the empty groups."""
    for top in tops.values():
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # noqa: PTH106 - a group's files vanish with it


def remove_parents(parent: str, name: str) -> None:
    """Remove the groups that held a lab's machines, where they are empty."""
    for hierarchy in hierarchies():
        for group in (hierarchy.mount / parent / name, hierarchy.mount / parent):
            with contextlib.suppress(OSError):
                group.rmdir()


def freeze(tops: dict[Hierarchy, Path], *, frozen: bool) -> bool:
    """Stop or resume every process of the machine at once (cgroup v2 only); return whether that was possible."""
    done = False
    for hierarchy, top in tops.items():
        control = top / "machine" / "cgroup.freeze"
        if hierarchy.unified and control.exists():
            control.write_text("1" if frozen else "0")
            done = _wait_frozen(top / "machine", frozen=frozen)
    return done


def _wait_frozen(group: Path, *, frozen: bool, timeout: float = 10) -> bool:
    end = time.monotonic() + timeout
    wanted = f"frozen {int(frozen)}"
    while wanted not in (group / "cgroup.events").read_text().splitlines():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def is_frozen(tops: dict[Hierarchy, Path]) -> bool:
    """Return whether the machine's processes are stopped by :func:`freeze`."""
    for hierarchy, top in tops.items():
        events = top / "machine" / "cgroup.events"
        if hierarchy.unified and events.exists() and "frozen 1" in events.read_text().splitlines():
            return True
    return False


def set_memory(tops: dict[Hierarchy, Path], limit: int) -> bool:
    """Limit the machine's memory (bytes, 0 for no limit); return whether a limit could be set here.

    Raises OSError (EBUSY) when the machine uses more than that and nothing can be taken from it.
    """
    for hierarchy, top in tops.items():
        if "memory" in hierarchy.controllers and os.access(top / "memory.limit_in_bytes", os.W_OK):
            (top / "memory.limit_in_bytes").write_text(str(limit or -1))
            return True
        if hierarchy.unified and os.access(top / "memory.max", os.W_OK):
            (top / "memory.max").write_text(str(limit or "max"))
            return True
    return False


def memory_limit(tops: dict[Hierarchy, Path]) -> int | None:
    """Return the limit in force (0 for none), or None where none can be set."""
    for hierarchy, top in tops.items():
        if "memory" in hierarchy.controllers and (top / "memory.limit_in_bytes").exists():
            limit = int((top / "memory.limit_in_bytes").read_text())
            return 0 if limit > _NO_LIMIT else limit
        if hierarchy.unified and (top / "memory.max").exists():
            text = (top / "memory.max").read_text().strip()
            return 0 if text == "max" else int(text)
    return None


def memory_used(tops: dict[Hierarchy, Path]) -> int | None:
    """Return the bytes in use without file cache that can be dropped, or None where it is not counted."""
    for hierarchy, top in tops.items():
        if "memory" in hierarchy.controllers and (top / "memory.usage_in_bytes").exists():
            return _less_cache(top, "memory.usage_in_bytes", "total_inactive_file")
        if hierarchy.unified and (top / "memory.current").exists():
            return _less_cache(top, "memory.current", "inactive_file")
    return None


def _less_cache(top: Path, total: str, cache: str) -> int:
    statistics = dict(line.split(maxsplit=1) for line in (top / "memory.stat").read_text().splitlines())
    return max(0, int((top / total).read_text()) - int(statistics.get(cache, "0")))
