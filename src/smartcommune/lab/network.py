"""The commune's network in the lab: one namespace, a bridge a zone, forwarding between the zones inside it.

The namespace stands in for the commune's gateway. Nothing of the computer's own network is touched: the namespace has
no way out, and its sysctls are its own. IPv6 is off in it: the Site's addresses and firewall matrix are IPv4, and a
link-local way around them would be a hole.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import socket
import struct
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smartcommune.lab import cgroup, host, proxy
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabUsageError, OwnedByOtherError
from smartcommune.lab.layout import CGROUP_PARENT, NETNS, Layout, bridge_of, load_json, write_json
from smartcommune.lab.namespaces import in_network, set_network_sysctl
from smartcommune.site.models import Zone
from smartcommune.text import Text
from smartcommune.transports.ssh import close_connections

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SIOCGIFFLAGS = 0x8913
_UP_AND_RUNNING = 0x41
_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}


def namespaces_present() -> list[str]:
    """Return the network namespaces that have a name here."""
    return sorted(path.name for path in NETNS.iterdir()) if NETNS.is_dir() else []


def links(netns: str) -> dict[str, dict[str, Any]]:
    """Return the links of a namespace by name, as ``ip -json address`` says."""
    found: list[dict[str, Any]] = json.loads(run(["ip", "-n", netns, "-json", "address"]))
    return {link["ifname"]: link for link in found if "ifname" in link}


def link_is_up(netns: Path, name: str) -> bool | None:
    """Return whether a link is up and its other end too (a cable, as it were), or None when there is no such link."""
    request = struct.pack("16sH14x", name.encode(), 0)
    with contextlib.suppress(OSError), in_network(netns), socket.socket(type=socket.SOCK_DGRAM) as asking:
        flags: int = struct.unpack("16sH14x", fcntl.ioctl(asking, _SIOCGIFFLAGS, request))[1]
        return flags & _UP_AND_RUNNING == _UP_AND_RUNNING
    return None


def owner_mark(netns: str) -> str:
    """Return the mark that the maker of a namespace left on its loopback link (``ifalias``), empty without one."""
    found: list[dict[str, Any]] = json.loads(run(["ip", "-n", netns, "-json", "link", "show", "lo"]))
    return str(found[0].get("ifalias", ""))


def network_exists(layout: Layout) -> bool:
    """Return whether the namespace is there and this checkout's."""
    return layout.netns_path.exists() and owner_mark(layout.netns) == str(layout.directory)


def load_zones(layout: Layout) -> tuple[Zone, ...]:
    """Return the zones that the network was made with, none when there is no record."""
    return tuple(Zone(**zone) for zone in load_json(layout.network) or ())


def read_network(layout: Layout) -> tuple[Zone, ...] | None:
    """Return the zones that are really there: recorded, with their bridge and gateway; None without the namespace."""
    if not network_exists(layout):
        return None
    present = links(layout.netns)
    return tuple(zone for zone in load_zones(layout) if _gateway(zone) in _addresses(present.get(bridge_of(zone.name))))


def _gateway(zone: Zone) -> str:
    return f"{zone.gateway}/{ipaddress.ip_network(zone.prefix).prefixlen}"


def _addresses(link: dict[str, Any] | None) -> set[str]:
    return {f"{item['local']}/{item['prefixlen']}" for item in (link or {}).get("addr_info", ())}


def _batch(zones: Sequence[Zone], present: dict[str, dict[str, Any]]) -> str:
    """Return the ``ip -batch`` lines that make what is missing and remove the bridges of zones no longer wanted."""
    wanted = {bridge_of(zone.name): zone for zone in zones}
    lines = [f"link delete {name}" for name in present if name.startswith("br-") and name not in wanted]
    for name, zone in wanted.items():
        if name not in present:
            lines.append(f"link add {name} type bridge forward_delay 0 stp_state 0")
        have = _addresses(present.get(name))
        lines += [f"address delete {address} dev {name}" for address in have - {_gateway(zone)}]
        if _gateway(zone) not in have:
            lines.append(f"address add {_gateway(zone)} dev {name}")
        if name not in present:
            lines.append(f"link set {name} up")
    return "".join(f"{line}\n" for line in lines)


def ensure_network(layout: Layout, zones: Sequence[Zone], *, dry_run: bool = False) -> None:
    """Make the namespace with a bridge and gateway a zone, and run the package proxy on every gateway.

    What is there already stays as it is (a zone that is cut stays cut). Raises OwnedByOtherError when a namespace of
    this name is somebody else's.
    """
    with layout.lock("network"):
        if layout.netns_path.exists() and not network_exists(layout) and owner_mark(layout.netns):
            raise OwnedByOtherError(
                Text(
                    vi=f"Mạng {layout.netns} thuộc về một bản khác: {owner_mark(layout.netns)}",
                    en=f"The network {layout.netns} belongs to another checkout: {owner_mark(layout.netns)}",
                ),
                todo=Text(vi="Chạy 'smartcommune lab clean' ở bản đó.", en="Run 'smartcommune lab clean' there."),
            )
        if dry_run:
            return
        if not layout.netns_path.exists():
            host.note_netns_mount(layout)
            run(["ip", "netns", "add", layout.netns])
        # The mark comes first: whatever happens next, clean knows whose this is.
        run(["ip", "-n", layout.netns, "link", "set", "lo", "up", "alias", str(layout.directory)])
        set_network_sysctl(layout.netns_path, _SYSCTLS)
        write_json(layout.network, [asdict(zone) for zone in zones])
        run(["ip", "-n", layout.netns, "-batch", "-"], text=_batch(zones, links(layout.netns)))
        proxy.ensure_proxy(layout, [zone.gateway for zone in zones])


def delete_network(layout: Layout, *, dry_run: bool = False) -> None:
    """Stop the proxy and remove the namespace with all that is in it; none is fine."""
    if dry_run:
        return
    with layout.lock("network"):
        proxy.stop_proxy(layout)
        if network_exists(layout):
            close_connections(layout.deployment)  # each holds a socket in the namespace, and so the namespace itself
            run(["ip", "netns", "delete", layout.netns])
        layout.network.unlink(missing_ok=True)
        cgroup.remove_parents(CGROUP_PARENT, layout.cgroup_name)
        if not any(layout.root.glob("*/network.json")):
            host.restore(layout, dry_run=False)


def zone_of(layout: Layout, name: str) -> Zone:
    """Return a zone of the network; raises LabUsageError with the names there are."""
    zones = {zone.name: zone for zone in load_zones(layout)}
    if name not in zones:
        there = ", ".join(zones) or "–"
        raise LabUsageError(
            Text(vi=f"Không có vùng mạng {name}. Các vùng: {there}.", en=f"There is no zone {name}. Zones: {there}.")
        )
    return zones[name]


def toolkit_address(layout: Layout) -> str | None:
    """Return the address that the toolkit connects from: the gateway of zone ``management`` where there is one."""
    zones = {zone.name: zone.gateway for zone in load_zones(layout)}
    return zones.get("management")
