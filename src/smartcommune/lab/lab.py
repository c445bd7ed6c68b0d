"""The lab of one commune: what the provider, the command line and the tests call."""

from __future__ import annotations

import os
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import (
    background,
    base_image,
    cleanup,
    faults,
    forward,
    machine,
    network,
    place,
    proxy,
    snapshot,
    topology,
    wiring,
)
from smartcommune.lab.errors import LabUsageError, MachineError
from smartcommune.lab.layout import layout
from smartcommune.lab.models import (
    Finding,
    Forward,
    MachineSpec,
    MachineState,
    ProgressCallback,
    ProxyStatus,
    ignore_progress,
)
from smartcommune.lab.record import check_adoptable, load_record, names, require
from smartcommune.lab.snapshot import Snapshot, load_snapshots
from smartcommune.lab.station import Station, StationState, load_stations, remove_all
from smartcommune.text import Text
from smartcommune.transports import lab_socket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartcommune.site.models import Zone

_READY_STEP = 5.0


def require_root() -> None:
    """Raise LabUsageError unless this process may make machines."""
    if os.geteuid() != 0:
        raise LabUsageError(
            Text(vi="lab cần quyền root", en="the lab needs root"),
            todo=Text(vi="chạy lại lệnh với sudo", en="run the command again with sudo"),
        )


class Lab:
    """The lab of the profile called ``profile``; ``state`` is the toolkit's state folder unless given.

    Every method is idempotent, may be cut at any point and called again, and may be called from several threads.
    Methods that change the world take ``dry_run``: then everything is checked and nothing changed.
    """

    def __init__(self, profile: str, *, state: Path | None = None) -> None:
        require_root()
        self.layout = layout(profile, state)

    @property
    def netns(self) -> str:
        """The name of the lab's network namespace."""
        return self.layout.netns

    # base image and network

    def ensure_base(self, progress: ProgressCallback = ignore_progress, *, dry_run: bool = False) -> Path:
        """Return the base image, made first when the cache has none (15 to 60 s)."""
        return base_image.ensure_base(progress, dry_run=dry_run)

    def ensure_network(self, zones: Sequence[Zone], *, dry_run: bool = False) -> None:
        """Have the namespace, a bridge a zone, routing and the package proxy, and running machines plugged in."""
        network.ensure_network(self.layout, zones, dry_run=dry_run)
        if dry_run:
            return
        for name in names(self.layout):
            with self.layout.lock(f"machine-{name}"):
                record, launcher = load_record(self.layout, name), machine.load_launcher(self.layout, name)
                if record and launcher and wiring.is_attached(self.layout, launcher):
                    wiring.mend(self.layout, record.spec)

    def network_exists(self) -> bool:
        """Return whether the namespace is there and ours."""
        return network.network_exists(self.layout)

    def read_network(self) -> tuple[Zone, ...] | None:
        """Return the zones that are really there, None without the namespace."""
        return network.read_network(self.layout)

    def delete_network(self, *, dry_run: bool = False) -> None:
        """Remove the namespace with all stations in it, and stop the package proxy."""
        if not dry_run:
            remove_all(self.layout)
        network.delete_network(self.layout, dry_run=dry_run)

    def source_address(self, address: str) -> str | None:
        """Return the address that the toolkit comes from to ``address``: in zone management of the same site."""
        return topology.toolkit_address(network.load_zones(self.layout), address)

    def proxy_status(self) -> ProxyStatus:
        """Return whether the package proxy runs, and what it fetched and served."""
        return proxy.proxy_status(self.layout)

    # machines

    def ensure_machine(self, spec: MachineSpec, owner: str, *, dry_run: bool = False) -> MachineState | None:
        """Have a machine as ``spec`` says, running: made, adopted by its owner's mark, or started again.

        Does not wait until it can be logged in to (``wait_ready``). Raises OwnedByOtherError, or MustReplaceError when
        it is there but only a new one could be as ``spec`` says (destroy it first). With ``dry_run`` returns what is
        there.
        """
        with self.layout.lock(f"machine-{spec.name}"):
            record = load_record(self.layout, spec.name)
            if record is not None:
                check_adoptable(record, spec, owner)
            if dry_run:
                return machine.read(self.layout, spec.name)
            if record is None:
                record = machine.create(self.layout, spec, owner, self.ensure_base())
            elif not Path(record.base).is_dir():
                self.ensure_base()  # the cache was emptied; an equal recipe comes to lie where it lay
            if record.spec.memory != spec.memory:
                machine.set_memory(self.layout, record, spec.memory)
                record = require(self.layout, spec.name)
            machine.start(self.layout, record)
            return machine.read(self.layout, spec.name)

    def wait_ready(self, name: str, *, timeout: float = 60.0) -> None:
        """Wait until a machine can be logged in to; raises MachineError with its console's end when it cannot."""
        spec = require(self.layout, name).spec
        end = time.monotonic() + timeout
        while not lab_socket.wait_banner(
            self.netns,
            spec.address,
            source=self.source_address(spec.address),
            timeout=min(_READY_STEP, max(0, end - time.monotonic())),
        ):
            running = machine.load_launcher(self.layout, name) is not None
            if running and time.monotonic() < end:
                continue
            console = background.tail(self.log_path(name))
            what = (
                Text(vi="chưa trả lời SSH", en="does not answer SSH") if running else Text(vi="đã dừng", en="stopped")
            )
            raise MachineError(
                Text(vi=f"máy {name} {what.vi}:\n{console}", en=f"the machine {name} {what.en}:\n{console}")
            )

    def read_machine(self, name: str) -> MachineState | None:
        """Return what is really there of a machine, None when there is none."""
        return machine.read(self.layout, name)

    def list(self) -> tuple[MachineState, ...]:
        """Return all machines of this lab."""
        states = (machine.read(self.layout, name) for name in names(self.layout))
        return tuple(state for state in states if state is not None)

    def set_memory(self, name: str, limit: int, *, dry_run: bool = False) -> bool:
        """Change a machine's memory (bytes) in place; return whether the limit is enforced on this computer."""
        with self.layout.lock(f"machine-{name}"):
            record = require(self.layout, name)
            return dry_run or machine.set_memory(self.layout, record, limit)

    def destroy_machine(self, name: str, *, dry_run: bool = False) -> None:
        """Kill a machine and remove all of it; none is fine."""
        with self.layout.lock(f"machine-{name}"):
            machine.destroy(self.layout, name, dry_run=dry_run)

    def log_path(self, name: str) -> Path:
        """Return the file with a machine's console."""
        return self.layout.machine(name) / "console.log"

    def shell_argv(self, name: str, command: str | None = None) -> tuple[str, ...]:
        """Return the command line of a root shell (or of one ``command``) in a machine, whatever its network says."""
        require(self.layout, name)
        first = machine.leader(self.layout, name)
        if first is None:
            raise LabUsageError(Text(vi=f"máy {name} không chạy", en=f"the machine {name} does not run"))
        inside = ("nsenter", f"--target={first}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--")
        return (*inside, "/bin/su", "--login", "root", *(("--command", command) if command is not None else ()))

    def logs_argv(self, name: str, *, follow: bool = False, unit: str | None = None) -> tuple[str, ...]:
        """Return the command line that shows a machine's journal, or its console while it is stopped."""
        if machine.leader(self.layout, require(self.layout, name).spec.name) is None:
            return ("cat", str(self.log_path(name)))
        options = [
            "--no-pager",
            "--lines=200",
            *(["--follow"] if follow else []),
            *([f"--unit={unit}"] if unit else []),
        ]
        return self.shell_argv(name, shlex.join(["journalctl", *options]))

    # verbs

    def start(self, name: str | None = None, *, dry_run: bool = False) -> None:
        """Start a machine, or all of them."""
        for host in self._chosen(name):
            with self.layout.lock(f"machine-{host}"):
                if not dry_run:
                    machine.start(self.layout, require(self.layout, host))

    def stop(self, name: str | None = None, *, dry_run: bool = False) -> None:
        """Shut a machine down in order, or all of them at once."""
        chosen = self._chosen(name)

        def stop_one(host: str) -> None:
            with self.layout.lock(f"machine-{host}"):
                machine.stop(self.layout, host, dry_run=dry_run)

        with ThreadPoolExecutor(max(1, len(chosen))) as pool:
            for _ in pool.map(stop_one, chosen):
                pass

    def _chosen(self, name: str | None) -> Sequence[str]:
        return [require(self.layout, name).spec.name] if name else names(self.layout)

    def reboot(self, name: str, *, dry_run: bool = False) -> None:
        """Reboot a machine in order; returns when the old system has ended (``wait_ready`` for the new one)."""
        machine.reboot(self.layout, name, dry_run=dry_run)

    def kill(self, name: str, *, power: bool = False, dry_run: bool = False) -> None:
        """Stop a machine dead; with ``power`` what it had not fsynced is lost as well, as in a power cut."""
        require(self.layout, name)
        with self.layout.lock(f"machine-{name}"):
            machine.kill(self.layout, name, power=power, dry_run=dry_run)

    def cut(self, target: str, *, zone: str | None = None, site: str | None = None, dry_run: bool = False) -> None:
        """Take down a machine's links (or its one in ``zone``), or a zone (``wan``: the way to the Internet)."""
        faults.cut(self.layout, target, zone=zone, site=site, dry_run=dry_run)

    def restore(self, target: str, *, zone: str | None = None, site: str | None = None, dry_run: bool = False) -> None:
        """Bring a cut link up again."""
        faults.restore(self.layout, target, zone=zone, site=site, dry_run=dry_run)

    def snapshot(
        self, name: str, progress: ProgressCallback = ignore_progress, *, dry_run: bool = False
    ) -> tuple[str, ...]:
        """Keep all machines' disks as they are now; return the machines."""
        return snapshot.take(self.layout, name, progress, dry_run=dry_run)

    def reset(
        self, name: str, progress: ProgressCallback = ignore_progress, *, dry_run: bool = False
    ) -> tuple[str, ...]:
        """Put all machines' disks back as they were in a snapshot and start them; return the machines."""
        return snapshot.reset(self.layout, name, progress, dry_run=dry_run)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return the snapshots there are."""
        return load_snapshots(self.layout)

    def open(
        self,
        names: Sequence[str],
        address: str,
        port: int = 443,
        *,
        zone: str = "office",
        local_port: int | None = None,
        dry_run: bool = False,
    ) -> Forward:
        """Open a lab service to this computer's browser as a visitor in ``zone`` reaches it, by its web ``names``."""
        return forward.open_service(
            self.layout, names, address, port, zone=zone, local_port=local_port, dry_run=dry_run
        )

    def forwards(self) -> tuple[Forward, ...]:
        """Return the services that are open to this computer."""
        return forward.load_forwards(self.layout)

    def close(self, local_port: int, *, dry_run: bool = False) -> None:
        """Close what is open on a local port."""
        forward.close_service(self.layout, local_port, dry_run=dry_run)

    def station(
        self,
        zone: str,
        *,
        site: str | None = None,
        dhcp: bool | None = None,
        address: str | None = None,
        hardware_address: str = "",
    ) -> Station:
        """Return a context manager that is a client in a zone (of the first site unless told): runs programs there.

        Its address comes from DHCP where a host routes the zone (``dhcp`` None), else it is static: ``address``, or one
        at the end of the zone. Without ``hardware_address`` that is random.
        """
        return Station(self.layout, zone, site, dhcp, address, hardware_address)

    def probe(self, zone: str, *, site: str | None = None) -> Station:
        """Return a station with a static address, which needs nobody's help."""
        return self.station(zone, site=site, dhcp=False)

    def stations(self) -> tuple[StationState, ...]:
        """Return the stations that are there, of any process."""
        return load_stations(self.layout)

    def visitor(self, zone: str, *, near: str) -> place.Place:
        """Return where to stand to see the host at ``near`` as a client in ``zone`` of its site does."""
        zones = network.load_zones(self.layout)
        return place.visitor(self.layout, network.zone_of(self.layout, zone, topology.site_at(zones, near)))

    def clean(self, *, dry_run: bool = False) -> tuple[Finding, ...]:
        """Remove all of this lab, lost state or not, and return what was found."""
        return cleanup.clean(self.layout.profile, self.layout.root.parent, dry_run=dry_run)
