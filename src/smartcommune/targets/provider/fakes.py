"""A lab in memory, for tests of what is built on the provider."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from smartcommune.errors import SmartCommuneError
from smartcommune.lab.models import LinkState, MachineSpec, MachineState, ProgressCallback, ProxyStatus, ignore_progress
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartcommune.site.models import Zone


@dataclass(slots=True)
class FakeLab:
    """Machines as records. ``broken`` names those that do not come up; ``calls`` lists what was asked."""

    zones: tuple[Zone, ...] = ()
    states: dict[str, MachineState] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    made: int = 0

    def ensure_base(self, progress: ProgressCallback = ignore_progress) -> None:
        """Need no image."""

    def ensure_network(self, zones: Sequence[Zone]) -> None:
        """Remember the zones."""
        self.calls.append("ensure_network")
        self.zones = tuple(zones)

    def read_network(self) -> tuple[Zone, ...] | None:
        """Return the zones."""
        return self.zones or None

    def proxy_status(self) -> ProxyStatus:
        """Return a running proxy, unless it is broken."""
        return ProxyStatus("proxy" not in self.broken, downloaded=0, served=0, offline=False)

    def delete_network(self) -> None:
        """Forget the zones."""
        self.calls.append("delete_network")
        self.zones = ()

    def ensure_machine(self, spec: MachineSpec, owner: str) -> MachineState:
        """Make the machine, or start it."""
        self.calls.append(f"ensure {spec.name}")
        known = self.states.get(spec.name)
        if known is None:
            self.made += 1
            key = f"ssh-ed25519 AAAA{self.made}"
            known = MachineState(spec.name, owner, "running", spec, key, "base", spec.memory, memory_enforced=True)
        links = tuple(LinkState(link.name, link.zone, plugged=True, up=True, cut=False) for link in spec.links)
        self.states[spec.name] = replace(
            known, status="running", attached=True, links=links, memory=spec.memory, spec=spec
        )
        return self.states[spec.name]

    def wait_ready(self, name: str) -> None:
        """Return at once, unless the machine is broken."""
        if name in self.broken:
            self.states[name] = replace(self.states[name], status="stopped")
            raise SmartCommuneError(Text(vi="máy không khởi động: hết giờ", en="did not boot: Reached target nothing"))

    def read_machine(self, name: str) -> MachineState | None:
        """Return the record."""
        return self.states.get(name)

    def list(self) -> tuple[MachineState, ...]:
        """Return all records."""
        return tuple(self.states.values())

    def set_memory(self, name: str, limit: int) -> bool:
        """Change the record."""
        self.states[name] = replace(self.states[name], memory=limit)
        return True

    def destroy_machine(self, name: str) -> None:
        """Forget the machine."""
        self.calls.append(f"destroy {name}")
        self.states.pop(name, None)

    def kill(self, name: str) -> None:
        """Stop a machine."""
        self.calls.append(f"kill {name}")
        self.states[name] = replace(self.states[name], status="stopped")
