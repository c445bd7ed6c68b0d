"""Simulated devices of a lab: one process each, its address on the loopback, its memory in the lab's state."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from smartcommune.lab import background
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import layout, load_json, write_json
from smartcommune.lab.process import load_process

if TYPE_CHECKING:
    from smartcommune.site.models import Device, Site

# the keys of kinds.SIMULATORS, without loading what they need
SIMULATED = frozenset({"cisco_ios", "huawei_vrp", "mikrotik_routeros"})


@dataclass(frozen=True, slots=True)
class SimulatorSpec:
    """A simulated device: where it stands, and how it came (``password``)."""

    name: str
    platform: str
    address: str
    prefix_length: int
    port: int
    vlan: int
    gateway: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class SimulatorState:
    """What is there of one; ``host_key`` is its public SSH key, empty before it ran for the first time."""

    spec: SimulatorSpec
    status: Literal["running", "stopped"]
    host_key: str = ""


class Simulators:
    """The simulated devices of one commune's lab. Every method may be cut and called again."""

    def __init__(self, profile: str, *, state: Path | None = None) -> None:
        self.layout = layout(profile, state)

    def ensure(self, spec: SimulatorSpec) -> None:
        """Have a device as ``spec`` says, running; what it was told before a restart it still knows."""
        folder = self._folder(spec.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.layout.lock(f"simulator-{spec.name}"):
            wanted = asdict(spec)
            if load_json(folder / "spec.json") == wanted and self._running(spec.name):
                return
            self._stop(spec.name)
            write_json(folder / "spec.json", wanted)
            netns = f"--net={self.layout.netns_path}"
            run(["nsenter", netns, "ip", "address", "replace", f"{spec.address}/32", "dev", "lo"])
            what = self._background(spec)
            process = background.start(what)
            background.wait_listening(what, process, self.layout.netns, spec.address, spec.port)

    def read(self, name: str) -> SimulatorState | None:
        """Return what is there of a device."""
        known = load_json(self._folder(name) / "spec.json")
        if known is None:
            return None
        memory = load_json(self._folder(name) / "memory.json") or {}
        status: Literal["running", "stopped"] = "running" if self._running(name) else "stopped"
        return SimulatorState(SimulatorSpec(**known), status, memory.get("public_key", ""))

    def list(self) -> tuple[SimulatorState, ...]:
        """Return all simulated devices of this lab."""
        names = sorted(path.parent.name for path in (self.layout.directory / "simulators").glob("*/spec.json"))
        return tuple(state for state in map(self.read, names) if state is not None)

    def stop(self, name: str) -> None:
        """Stop a device dead, as a power cut does."""
        with self.layout.lock(f"simulator-{name}"):
            self._stop(name)

    def destroy(self, name: str) -> None:
        """Stop a device and forget it; none is fine."""
        state = self.read(name)
        self._stop(name)
        if state is not None and self.layout.netns_path.exists():
            with suppress(LabError):  # an address that is gone already
                address = f"{state.spec.address}/32"
                run(["nsenter", f"--net={self.layout.netns_path}", "ip", "address", "del", address, "dev", "lo"])
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self.layout.directory / "simulators" / name

    def _running(self, name: str) -> bool:
        """Tell whether it runs, and in the namespace that there is: one that was made anew is another network."""
        process = load_process(self._folder(name) / "pid")
        if process is None or not self.layout.netns_path.exists():
            return False
        with suppress(OSError):
            inside = Path(f"/proc/{process.pid}/ns/net").stat().st_ino
            return inside == self.layout.netns_path.stat().st_ino
        return False

    def _stop(self, name: str) -> None:
        if process := load_process(self._folder(name) / "pid"):
            process.end()
        background.forget_unit(self.layout.unit("simulator", name))
        (self._folder(name) / "pid").unlink(missing_ok=True)

    def _background(self, spec: SimulatorSpec) -> background.Background:
        folder = self._folder(spec.name)
        asked = asdict(spec) | {"netns": str(self.layout.netns_path), "folder": str(folder)}
        # unlike the lab's other programs it needs more than the standard library
        argv = (sys.executable, "-m", "smartcommune.devices.simulators", json.dumps(asked))
        mark = self.layout.mark("simulator", spec.name)
        return background.Background(
            self.layout.unit("simulator", spec.name), argv, folder / "pid", folder / "log", mark
        )


def simulated(platform: str) -> bool:
    """Return whether a platform's devices are simulators in the lab."""
    return platform in SIMULATED


def is_simulator(site: Site, device: Device) -> bool:
    """Return whether a device of the Site is one of the lab's simulators."""
    return site.target == "lab" and simulated(device.platform)
