"""One lab machine: making, starting, stopping and removing it. Every operation is idempotent and safe to cut.

A machine is a folder (``machine.json``, ``disk.img``, ``pid``, ``console.log``) and, while it runs, its launcher.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import background, cgroup, disk, host, loop, process, wiring
from smartcommune.lab.commands import missing_tool, run
from smartcommune.lab.errors import LabUsageError, MachineError
from smartcommune.lab.launcher import Config
from smartcommune.lab.layout import CGROUP_PARENT, Layout, machine_id
from smartcommune.lab.models import MachineSpec, MachineState
from smartcommune.lab.record import Record, load_record, names, require, save_record
from smartcommune.lab.seed import make_host_key, write_seed
from smartcommune.sizes import format_bytes
from smartcommune.text import Text
from smartcommune.transports.ssh import close_connection

if TYPE_CHECKING:
    from smartcommune.lab.process import Process

_STOP_TIMEOUT = 40.0
_KILL_TIMEOUT = 15.0
_REBOOT_SIGNAL = 5  # SIGRTMIN+5: systemd's PID 1 reboots in order


def load_launcher(layout: Layout, name: str) -> Process | None:
    """Return the launcher of a running machine."""
    return process.load_process(layout.machine(name) / "pid")


def groups(layout: Layout, name: str) -> dict[cgroup.Hierarchy, Path]:
    """Return the machine's own control groups (under systemd: none while it is stopped)."""
    if not background.booted_with_systemd():
        return cgroup.own(f"{CGROUP_PARENT}/{layout.cgroup_name}", name)
    launcher = load_launcher(layout, name)
    with contextlib.suppress(FileNotFoundError):
        if launcher:
            return cgroup.of_unit(launcher.pid, layout.unit("machine", name))
    return {}


def leader(layout: Layout, name: str) -> int | None:
    """Return the pid, seen from here, of the machine's own PID 1; None while it is not up."""
    launcher = load_launcher(layout, name)
    for nspawn in process.children(launcher.pid) if launcher else ():
        for child in process.children(nspawn):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text().strip() in ("systemd", "init"):
                    return child
    return None


def mounted_disk(layout: Layout, name: str) -> Path | None:
    """Return where a running machine's disk is mounted, through its own mount namespace."""
    launcher = load_launcher(layout, name)
    for nspawn in process.children(launcher.pid) if launcher else ():
        return Path(f"/proc/{nspawn}/root{layout.machine(name)}/disk")
    return None


def create(layout: Layout, spec: MachineSpec, owner: str, base: Path) -> Record:
    """Make the machine's folder, host key and disk; the record comes last, so a machine is whole or absent."""
    folder = layout.machine(spec.name)
    if folder.exists():
        shutil.rmtree(folder)
    for part in ("disk", "root"):
        (folder / part).mkdir(parents=True)
    folder.chmod(0o700)
    key = make_host_key()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".seed-") as seed:
        write_seed(Path(seed), spec, key)
        disk.create_image(folder / "disk.img", spec.disk, Path(seed))
    record = Record(spec, owner, key.public, str(base))
    save_record(layout, record)
    return record


def start(layout: Layout, record: Record) -> None:
    """Start a machine that does not run; start one anew that runs in a network that is gone, or lost a link.

    One that was frozen by a killed snapshot goes on.
    """
    name = record.spec.name
    launcher = load_launcher(layout, name)
    if launcher and wiring.is_attached(layout, launcher):
        cgroup.freeze(groups(layout, name), frozen=False)
        if wiring.mend(layout, record.spec):
            return
        stop(layout, name)
    _sweep(layout, name)
    if shutil.which("systemd-nspawn") is None:
        raise missing_tool("systemd-nspawn")
    if not Path(record.base).is_dir():
        raise MachineError(
            Text(
                vi=f"ảnh nền của {name} không còn: {record.base}",
                en=f"the base image of {name} is gone: {record.base}",
            ),
            todo=Text(vi=f"xóa máy rồi tạo lại: {name}", en=f"remove the machine and make it again: {name}"),
        )
    host.ensure_inotify(layout, len(names(layout)))
    folder = layout.machine(name)
    own_groups = None if background.booted_with_systemd() else (f"{CGROUP_PARENT}/{layout.cgroup_name}", name)
    unit = layout.unit("machine", name)
    config = Config(
        directory=str(folder),
        base=record.base,
        netns=str(layout.netns_path),
        ports=wiring.ports_of(layout, record.spec),
        machine=machine_id(name),
        hostname=name,
        cgroup=own_groups,
        unit=unit,
    )
    what = background.Background(
        unit,
        background.module_argv("smartcommune.lab.launcher", json.dumps(asdict(config))),
        folder / "pid",
        folder / "console.log",
        layout.mark("machine", name),
        properties=("Delegate=yes", "KillMode=mixed", "TasksMax=infinity", f"TimeoutStopSec={_STOP_TIMEOUT:.0f}"),
    )
    if what.log.exists():
        what.log.replace(what.log.with_name("console.log.1"))
    background.start(what)
    set_memory(layout, record, record.spec.memory)


def set_memory(layout: Layout, record: Record, limit: int) -> bool:
    """Limit a machine's memory (bytes, 0 for none) and record it; return whether it is enforced here."""
    name = record.spec.name
    if limit != record.spec.memory:
        save_record(layout, replace(record, spec=replace(record.spec, memory=limit)))
    if load_launcher(layout, name) is None:
        return False
    if background.booted_with_systemd():
        value = str(limit or "infinity")
        run(["systemctl", "set-property", "--runtime", f"{layout.unit('machine', name)}.service", f"MemoryMax={value}"])
        return cgroup.memory_limit(groups(layout, name)) == limit
    try:
        return cgroup.set_memory(_wait_groups(layout, name), limit)
    except OSError as error:
        raise MachineError(
            Text(
                vi=f"{name} đang dùng nhiều bộ nhớ hơn {format_bytes(limit)}",
                en=f"{name} uses more memory than {format_bytes(limit)} at the moment",
            )
        ) from error


def _wait_groups(layout: Layout, name: str, timeout: float = 5) -> dict[cgroup.Hierarchy, Path]:
    """Return the machine's groups once its launcher has entered them."""
    tops = groups(layout, name)
    end = time.monotonic() + timeout
    while load_launcher(layout, name) and not cgroup.pids(tops) and time.monotonic() < end:
        time.sleep(0.005)
    return tops


def stop(layout: Layout, name: str, *, dry_run: bool = False) -> None:
    """Shut a machine down in order (about two seconds); one that does not obey is killed."""
    launcher = load_launcher(layout, name)
    if launcher is None or dry_run:
        return
    cgroup.freeze(groups(layout, name), frozen=False)
    launcher.send(signal.SIGTERM)
    launcher.wait(_STOP_TIMEOUT)
    _sweep(layout, name)


def kill(layout: Layout, name: str, *, power: bool = False, dry_run: bool = False) -> None:
    """Stop a machine dead. With ``power``, what it had not fsynced is lost as well, as in a power cut."""
    if dry_run:
        return
    mounted = mounted_disk(layout, name) if power else None
    if mounted:
        disk.cut_power(mounted, layout.machine(name) / "disk.img")
    _sweep(layout, name)


def _sweep(layout: Layout, name: str) -> None:
    """Kill what is left of a machine and wait until its disk is let go of."""
    close_connection(layout.deployment, name)
    tops = groups(layout, name)
    if launcher := load_launcher(layout, name):
        launcher.send(signal.SIGKILL)
        launcher.wait(_KILL_TIMEOUT)
    mark = layout.mark("machine", name)
    for pid, whole in background.marked_processes(mark).items():
        if whole == mark:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    gone = cgroup.kill(tops, _KILL_TIMEOUT)
    image = layout.machine(name) / "disk.img"
    if not gone or not loop.wait_detached(image, _KILL_TIMEOUT):
        held = ", ".join(loop.attached(image)) or ", ".join(map(str, cgroup.pids(tops)))
        raise MachineError(
            Text(vi=f"{name} chưa dừng hẳn (còn giữ: {held})", en=f"{name} did not go away (still held: {held})")
        )
    if background.booted_with_systemd():
        # It removes the groups itself; if we did, it would wait for their end in vain.
        background.forget_unit(layout.unit("machine", name))
    else:
        cgroup.remove(tops)
    (layout.machine(name) / "pid").unlink(missing_ok=True)


def reboot(layout: Layout, name: str, *, dry_run: bool = False) -> None:
    """Ask a running machine to reboot in order; raises LabUsageError when it does not run."""
    require(layout, name)
    first = leader(layout, name)
    if first is None:
        raise LabUsageError(Text(vi=f"máy {name} không chạy", en=f"the machine {name} does not run"))
    if dry_run:
        return
    close_connection(layout.deployment, name)
    found = process.start_ticks(first)
    os.kill(first, signal.SIGRTMIN + _REBOOT_SIGNAL)
    if found is not None and not process.Process(first, found).wait(_STOP_TIMEOUT):
        raise MachineError(Text(vi=f"{name} không khởi động lại", en=f"{name} does not reboot"))


def destroy(layout: Layout, name: str, *, dry_run: bool = False) -> None:
    """Kill a machine and remove all of it; none is fine."""
    if dry_run:
        return
    _sweep(layout, name)
    if layout.machine(name).exists():
        shutil.rmtree(layout.machine(name))


def read(layout: Layout, name: str) -> MachineState | None:
    """Return what is really there of a machine, or None when it was never made whole."""
    record = load_record(layout, name)
    if record is None:
        return None
    launcher = load_launcher(layout, name)
    tops = groups(layout, name) if launcher else {}
    limit = cgroup.memory_limit(tops)
    frozen = bool(launcher) and cgroup.is_frozen(tops)
    return MachineState(
        name=name,
        owner=record.owner,
        status="frozen" if frozen else "running" if launcher else "stopped",
        spec=record.spec,
        host_key=record.host_key,
        base=record.base,
        memory=record.spec.memory if limit is None else limit,
        memory_enforced=limit is not None,
        memory_used=cgroup.memory_used(tops),
        disk_used=disk.used(layout.machine(name) / "disk.img"),
        attached=launcher is None or wiring.is_attached(layout, launcher),
        links=wiring.read_links(layout, record.spec) if launcher else (),
        started_at=launcher.started_at if launcher else None,
        pid=launcher.pid if launcher else None,
    )
