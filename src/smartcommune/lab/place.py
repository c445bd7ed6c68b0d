"""Places in a zone beside the machines: namespaces with one link on the zone's bridge, known by name and mark."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import background, network, topology
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import NETNS, Layout
from smartcommune.lab.namespaces import set_network_sysctl
from smartcommune.lab.process import Process, all_pids, start_ticks
from smartcommune.site.networks import address_in
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.site.models import Zone

LINK = "host0"
STATION, VISITOR = PLACES = ("station", "visitor")
_VISITOR_HOST = 253
_END_TIMEOUT = 3.0
_ISOLATED = ("wifi",)  # an access point passes nothing from one client to another
_FIRST, _LAST = 252, 230  # host parts at the end of a zone, where the Site puts no host


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client of a zone stands: a network namespace, and the address to come from."""

    netns: str
    address: str


def name_of(layout: Layout, kind: str, bridge: str, last: str) -> str:
    """Return the name of a place's namespace."""
    return f"{layout.netns}-{kind}-{bridge}-{last}"


def reserve(layout: Layout, zone: Zone, address: str | None) -> tuple[str, str]:
    """Make the namespace of a new station; return its name and its address.

    Without ``address`` one at the end of the zone is chosen, held by the namespace's name: no two stations share it.
    """
    bridge = topology.bridge_of(zone, network.load_zones(layout))
    if address is not None:
        netns = name_of(layout, STATION, bridge, secrets.token_hex(3))
        run(["ip", "netns", "add", netns])
        return netns, address
    for number in range(_FIRST, _LAST, -1):
        netns = name_of(layout, STATION, bridge, str(number))
        if (NETNS / netns).exists():
            continue
        try:
            run(["ip", "netns", "add", netns])
        except LabError:
            if (NETNS / netns).exists():
                continue  # another station was quicker
            raise
        return netns, address_in(zone, number)
    raise LabError(
        Text(
            vi=f"quá nhiều trạm trong vùng {zone.name}; chạy 'smartcommune lab clean'",
            en=f"too many stations in zone {zone.name}; run 'smartcommune lab clean'",
        )
    )


def connect(layout: Layout, netns: str, zone: Zone, hardware_address: str, address: str = "") -> None:
    """Plug a namespace into a zone by a link with the given hardware address; it has no IPv6, as the Site has none.

    In zone ``wifi`` the bridge passes nothing from one such link to another, as an access point that isolates clients;
    one that has the gateway's own ``address`` stands behind the access point.
    """
    bridge = topology.bridge_of(zone, network.load_zones(layout))
    outside = f"st-{secrets.token_hex(4)}"
    # The mark comes first: whatever happens next, clean knows whose this is.
    run(["ip", "-n", netns, "link", "set", "lo", "up", "alias", str(layout.directory)])
    set_network_sysctl(NETNS / netns, {"net/ipv6/conf/default/disable_ipv6": "1"})
    inside = ["link", "add", LINK, "address", hardware_address, "type", "veth"]
    run(["ip", "-n", netns, *inside, "peer", "name", outside, "netns", layout.netns])
    run(["ip", "-n", layout.netns, "link", "set", outside, "master", bridge])
    if zone.name in _ISOLATED and address != zone.gateway:
        run(["ip", "-n", layout.netns, "link", "set", outside, "type", "bridge_slave", "isolated", "on"])
    run(["ip", "-n", layout.netns, "link", "set", outside, "up"])
    run(["ip", "-n", netns, "link", "set", LINK, "up"])


def configure(netns: str, zone: Zone, address: str) -> None:
    """Give a place a static address, the zone's gateway as its way out.

    An address of elsewhere is taken as it is: what a router makes of it is what one wants to see.
    """
    prefix = ipaddress.ip_network(zone.prefix)
    lines = [f"route add default via {zone.gateway} dev {LINK}"]
    if ipaddress.ip_address(address) in prefix:
        lines.insert(0, f"address add {address}/{prefix.prefixlen} dev {LINK}")
    else:
        lines[:0] = [f"address add {address}/32 dev {LINK}", f"route add {prefix} dev {LINK}"]
    run(["ip", "-n", netns, "-batch", "-"], text="".join(f"{line}\n" for line in lines))


def shown_address(netns: str) -> tuple[str, str]:
    """Return the IPv4 address that a place has now (empty without one), and its hardware address."""
    found = json.loads(run(["ip", "-n", netns, "-json", "address", "show", "dev", LINK]))
    addresses = [item["local"] for item in found[0]["addr_info"] if item["family"] == "inet"]
    return (addresses[0] if addresses else ""), str(found[0]["address"])


def remove(netns: str) -> None:
    """Remove a place's namespace; its link goes with it. None is fine."""
    if (NETNS / netns).exists():
        run(["ip", "netns", "delete", netns])


def programs(netns: str) -> dict[int, Process]:
    """Return the processes that live in a place, whatever they made of their environment; this one apart."""
    try:
        number = (NETNS / netns).stat().st_ino
    except FileNotFoundError:
        return {}
    found = {}
    for pid in all_pids():
        with contextlib.suppress(OSError):
            inside = Path(f"/proc/{pid}/ns/net").stat().st_ino == number
            started = start_ticks(pid)
            if inside and started is not None and pid != os.getpid():
                found[pid] = Process(pid, started)
    return found


def end_programs(netns: str, mark: str) -> None:
    """End all that lives in a place, or carries its ``mark`` on the way into it, and return when it is gone."""
    while found := programs(netns) | _marked(mark):
        for process in found.values():
            process.send(signal.SIGTERM)
        for process in found.values():
            process.end(_END_TIMEOUT)


def _marked(mark: str) -> dict[int, Process]:
    """Return the processes that carry a mark; this one apart."""
    found = {}
    for pid, whole in background.marked_processes(mark).items():
        started = start_ticks(pid)
        if whole == mark and started is not None and pid != os.getpid():
            found[pid] = Process(pid, started)
    return found


def names(layout: Layout, kind: str) -> list[str]:
    """Return the namespaces of this lab's stations or visitors."""
    return [name for name in network.namespaces_present() if name.startswith(f"{layout.netns}-{kind}-")]


def visitor(layout: Layout, zone: Zone) -> Place:
    """Return where the toolkit stands when it looks at the commune as a client in ``zone``; made on demand.

    Where the namespace is in the zone itself, that is the place; else one that stays until the network goes.
    """
    zones = network.load_zones(layout)
    segment = next(each for each in topology.make_segments(zones) if each.zone == zone)
    for own in segment.addresses:
        return Place(layout.netns, own.partition("/")[0])
    place = Place(name_of(layout, VISITOR, segment.bridge, str(_VISITOR_HOST)), address_in(zone, _VISITOR_HOST))
    with layout.lock("visitor"):
        if not _stands(layout, place, segment.bridge):
            remove(place.netns)
            run(["ip", "netns", "add", place.netns])
            connect(layout, place.netns, zone, f"02:{secrets.token_bytes(5).hex(':')}")
            configure(place.netns, zone, place.address)
    return place


def _stands(layout: Layout, place: Place, bridge: str) -> bool:
    """Return whether a visitor is there whole: it is not when the network was removed under it."""
    if not (NETNS / place.netns).exists():
        return False
    with contextlib.suppress(LabError):
        route = run(["ip", "-n", place.netns, "-4", "route", "show", "default"])
        if shown_address(place.netns)[0] != place.address or not route:
            return False
        there = json.loads(run(["ip", "-n", place.netns, "-json", "link", "show", "dev", LINK]))[0]
        ends = network.links(layout.netns).values()
        return any(end["ifindex"] == there.get("link_index") and end.get("master") == bridge for end in ends)
    return False
