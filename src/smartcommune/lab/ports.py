"""A machine's links: one pair of virtual Ethernet ends each, from its zone's bridge into the machine.

The launcher plugs them in as the machine boots. Standard library only, since the launcher imports it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PLUGGED = "plugged"  # in the machine's folder: the machine's PID 1, once its launcher has plugged in all links
_CUTS = "cuts"


@dataclass(frozen=True, slots=True)
class Port:
    """One link: its name in the machine, the lab's end of it, the bridge of its zone, its hardware address."""

    name: str
    outside: str
    bridge: str
    hardware_address: str


def hardware_address(*parts: str) -> str:
    """Return a locally administered unicast address that depends on ``parts`` alone: it survives a reboot."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def plug_lines(port: Port, pid: int, *, up: bool) -> list[str]:
    """Return the lines for ``ip -batch`` in the lab's namespace that give the machine of process ``pid`` a link."""
    inside = f"name {port.name} address {port.hardware_address} netns {pid}"
    state = "up" if up else "down"
    return [
        f"link add {port.outside} type veth peer {inside}",
        f"link set {port.outside} master {port.bridge} {state}",
    ]


def load_cuts(directory: Path) -> frozenset[str]:
    """Return the links of the machine in ``directory`` that are cut on purpose, running or not."""
    folder = directory / _CUTS
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def save_cuts(directory: Path, names: Sequence[str], *, cut: bool) -> None:
    """Remember that links are cut, or no longer."""
    folder = directory / _CUTS
    folder.mkdir(exist_ok=True)
    for name in names:
        if cut:
            (folder / name).touch()
        else:
            (folder / name).unlink(missing_ok=True)
