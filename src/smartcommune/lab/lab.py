"""The lab of one commune: what the provider, the command line and the tests call."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from smartcommune.lab import background, base_image, machine, network, proxy
from smartcommune.lab.errors import LabUsageError, MachineError
from smartcommune.lab.layout import layout
from smartcommune.lab.models import MachineSpec, MachineState, ProgressCallback, ProxyStatus, ignore_progress
from smartcommune.text import Text
from smartcommune.transports import lab_socket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smartcommune.site.models import Zone

_READY_STEP = 5.0


def require_root() -> None:
    """Raise LabUsageError unless this process may make machines."""
    if os.geteuid() != 0:
        raise LabUsageError(
            Text(vi="Lab cần quyền root.", en="The lab needs root."),
            todo=Text(vi="Chạy lại lệnh với sudo.", en="Run the command again with sudo."),
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
        """Have the namespace, a bridge and gateway a zone, and the package proxy."""
        network.ensure_network(self.layout, zones, dry_run=dry_run)

    def network_exists(self) -> bool:
        """Return whether the namespace is there and ours."""
        return network.network_exists(self.layout)

    def read_network(self) -> tuple[Zone, ...] | None:
        """Return the zones that are really there, None without the namespace."""
        return network.read_network(self.layout)

    def delete_network(self, *, dry_run: bool = False) -> None:
        """Remove the namespace and stop the package proxy."""
        network.delete_network(self.layout, dry_run=dry_run)

    def source_address(self) -> str | None:
        """Return the address in the lab that the toolkit comes from (zone management)."""
        return network.toolkit_address(self.layout)

    def proxy_status(self) -> ProxyStatus:
        """Return whether the package proxy runs, and what it fetched and served."""
        return proxy.proxy_status(self.layout)

    # machines

    def ensure_machine(self, spec: MachineSpec, owner: str, *, dry_run: bool = False) -> MachineState | None:
        """Have a machine as ``spec`` says, running: made, adopted by its owner's mark, or started again.

        Does not wait until it can be logged in to (``wait_ready``). Raises OwnedByOtherError, or LabError when it is
        there but only a new one could be as ``spec`` says (destroy it first). With ``dry_run`` returns what is there.
        """
        with self.layout.lock(f"machine-{spec.name}"):
            record = machine.load_record(self.layout, spec.name)
            if record is not None:
                machine.check_adoptable(record, spec, owner)
            if dry_run:
                return machine.read(self.layout, spec.name)
            if record is None:
                record = machine.create(self.layout, spec, owner, self.ensure_base())
            if record.spec.memory != spec.memory:
                machine.set_memory(self.layout, record, spec.memory)
                record = machine.require(self.layout, spec.name)
            machine.start(self.layout, record)
            return machine.read(self.layout, spec.name)

    def wait_ready(self, name: str, *, timeout: float = 60.0) -> None:
        """Wait until a machine can be logged in to; raises MachineError with its console's end when it cannot."""
        spec = machine.require(self.layout, name).spec
        end = time.monotonic() + timeout
        while not lab_socket.wait_banner(
            self.netns, spec.address, source=self.source_address(), timeout=min(_READY_STEP, max(0, end - time.monotonic()))
        ):
            running = machine.load_launcher(self.layout, name) is not None
            if running and time.monotonic() < end:
                continue
            console = background.tail(self.log_path(name))
            what = Text(vi="chưa trả lời SSH", en="does not answer SSH") if running else Text(vi="đã dừng", en="stopped")
            raise MachineError(
                Text(vi=f"Máy {name} {what.vi}:\n{console}", en=f"The machine {name} {what.en}:\n{console}")
            )

    def read_machine(self, name: str) -> MachineState | None:
        """Return what is really there of a machine, None when there is none."""
        return machine.read(self.layout, name)

    def list(self) -> tuple[MachineState, ...]:
        """Return all machines of this lab."""
        states = (machine.read(self.layout, name) for name in machine.names(self.layout))
        return tuple(state for state in states if state is not None)

    def set_memory(self, name: str, limit: int, *, dry_run: bool = False) -> bool:
        """Change a machine's memory (bytes) in place; return whether the limit is enforced on this computer."""
        with self.layout.lock(f"machine-{name}"):
            record = machine.require(self.layout, name)
            return dry_run or machine.set_memory(self.layout, record, limit)

    def destroy_machine(self, name: str, *, dry_run: bool = False) -> None:
        """Kill a machine and remove all of it; none is fine."""
        with self.layout.lock(f"machine-{name}"):
            machine.destroy(self.layout, name, dry_run=dry_run)

    def log_path(self, name: str) -> Path:
        """Return the file with a machine's console."""
        return self.layout.machine(name) / "console.log"
