"""A machine's links in the lab's network: what they shall be, what is there of them, and mending what was lost."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import network, topology
from smartcommune.lab.commands import run
from smartcommune.lab.errors import MachineError
from smartcommune.lab.layout import Layout, link_of
from smartcommune.lab.models import LinkState, MachineSpec
from smartcommune.lab.ports import PLUGGED, Port, hardware_address, load_cuts
from smartcommune.lab.process import Process, load_process
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def ports_of(layout: Layout, spec: MachineSpec) -> tuple[Port, ...]:
    """Return a machine's links as the lab's network has them; raises MachineError when it lacks a zone for one."""
    zones = network.load_zones(layout)
    ports = []
    for link in spec.links:
        zone = topology.zone_at(zones, link.zone, link.address)
        if zone is None:
            raise MachineError(
                Text(
                    vi=f"mạng của lab không có vùng {link.zone} cho {spec.name} ({link.address})",
                    en=f"the lab's network has no zone {link.zone} for {spec.name} ({link.address})",
                )
            )
        address = hardware_address(str(layout.directory), spec.name, link.name)
        ports.append(Port(link.name, link_of(spec.name, link.name), topology.bridge_of(zone, zones), address))
    return tuple(ports)


def is_attached(layout: Layout, launcher: Process) -> bool:
    """Return whether a machine runs in the lab's network, and not in one that was removed under it."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{launcher.pid}/ns/net").stat().st_ino == layout.netns_path.stat().st_ino
    return False


def mend(layout: Layout, spec: MachineSpec) -> bool:
    """Put a running machine's links on their bridges and switch them on, but for those that are cut.

    Returns False when an end is gone: what was bound to it in the machine (a DHCP server, traffic shaping) is not
    mended by another one of the same name, so that the machine is to be started anew. While it boots, its launcher
    makes the links.
    """
    if not _is_plugged(layout, spec.name):
        return True
    present, cuts = network.links(layout.netns), load_cuts(layout.machine(spec.name))
    whole, lines = True, []
    for port in ports_of(layout, spec):
        found, up = present.get(port.outside), port.name not in cuts
        if found is None:
            whole = False
        elif found.get("master") != port.bridge or network.is_up(found) != up:
            lines.append(f"link set {port.outside} master {port.bridge} {'up' if up else 'down'}")
    if lines:
        run(["ip", "-n", layout.netns, "-batch", "-"], text="".join(f"{line}\n" for line in lines))
    return whole


def _is_plugged(layout: Layout, name: str) -> bool:
    """Return whether the launcher has made the links of the machine as it runs now."""
    return load_process(layout.machine(name) / PLUGGED) is not None


def read_links(layout: Layout, spec: MachineSpec) -> tuple[LinkState, ...]:
    """Return what is there of a running machine's links; while it boots, they are on their way."""
    plugged = _is_plugged(layout, spec.name)
    present = network.links(layout.netns) if network.network_exists(layout) else {}
    zones, cuts = network.load_zones(layout), load_cuts(layout.machine(spec.name))
    states = []
    for link in spec.links:
        zone = topology.zone_at(zones, link.zone, link.address)
        bridge = topology.bridge_of(zone, zones) if zone else None
        found = present.get(link_of(spec.name, link.name))
        state = _state(link.name, link.zone, found, bridge, cut=link.name in cuts)
        states.append(state if plugged else replace(state, plugged=True))
    return tuple(states)


def _state(name: str, zone: str, found: Mapping[str, Any] | None, bridge: str | None, *, cut: bool) -> LinkState:
    if found is None or found.get("master") != bridge:
        return LinkState(name, zone, plugged=False, up=False, cut=cut)
    flags = found["flags"]
    return LinkState(name, zone, plugged=cut or "UP" in flags, up={"UP", "LOWER_UP"} <= set(flags), cut=cut)
