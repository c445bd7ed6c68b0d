"""The commune's network in the lab: one namespace, a bridge a zone, and the routing that ``topology`` asks for.

Nothing of the computer's own network is touched: the namespace has no way out, and its sysctls are its own. IPv6 is off
in it: the Site's addresses and firewall matrix are IPv4, and a link-local way around them would be a hole.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smartcommune.document.nearest import one_of
from smartcommune.lab import cgroup, host, proxy, topology
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabUsageError, OwnedByOtherError
from smartcommune.lab.layout import CGROUP_PARENT, NETNS, Layout, load_json, write_json
from smartcommune.lab.namespaces import set_network_sysctl
from smartcommune.lab.ports import hardware_address
from smartcommune.lab.topology import Route, Rule, Segment
from smartcommune.site.models import Zone
from smartcommune.text import Text
from smartcommune.transports.ssh import close_connections

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_KERNELS_RULES, _MAIN = 32766, 254
_BRIDGE = re.compile(r"b(r|\d+)-")
_SYSCTLS = {
    # Simulated devices have their addresses on the loopback link: each bridge answers for all of the namespace's.
    "net/ipv4/conf/all/arp_ignore": "0",
    # What comes in is not judged by the way back: machines behind a router that does not translate yet come by the wan.
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
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


def is_up(link: dict[str, Any] | None) -> bool:
    """Return whether a link is switched on."""
    return link is not None and "UP" in link["flags"]


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
    """Return the zones that are really there, with bridge, addresses and routing; None without the namespace.

    A zone that is cut has no routes: that is no fault of it.
    """
    if not network_exists(layout):
        return None
    present, routes, rules = links(layout.netns), _routes(layout.netns), _rules(layout.netns)
    return tuple(
        segment.zone
        for segment in topology.make_segments(load_zones(layout))
        if segment.bridge in present
        and segment.addresses == _addresses(present[segment.bridge])
        and segment.rules <= rules
        and (segment.routes <= routes or not is_up(present[segment.bridge]))
    )


def _addresses(link: dict[str, Any] | None) -> set[str]:
    return {f"{item['local']}/{item['prefixlen']}" for item in (link or {}).get("addr_info", ())}


def _routes(netns: str) -> set[Route]:
    """Return the namespace's routes that are the lab's: the kernel's own have another protocol."""
    found = json.loads(
        run(["ip", "-n", netns, "-json", "-N", "-4", "route", "show", "table", "all", "proto", "static"])
    )
    return {
        Route(int(item.get("table", _MAIN)), item["dst"], item["dev"], item.get("gateway", ""), item.get("prefsrc", ""))
        for item in found
    }


def _rules(netns: str) -> set[Rule]:
    """Return the namespace's routing rules but for those that the kernel makes."""
    found = json.loads(run(["ip", "-n", netns, "-json", "-N", "-4", "rule", "show"]))
    return {
        Rule(
            item["priority"],
            item.get("iif", ""),
            item["src"] if item["src"] != "all" else "",
            int(item["table"]) if "table" in item else None,
        )
        for item in found
        if 0 < item["priority"] < _KERNELS_RULES
    }


def _bridge_lines(segments: Iterable[Segment], present: dict[str, dict[str, Any]]) -> list[str]:
    """Return the ``ip -batch`` lines that make bridges and addresses, and remove those no longer wanted."""
    wanted = {segment.bridge: segment for segment in segments}
    lines = [f"link delete {name}" for name in present if _BRIDGE.match(name) and name not in wanted]
    for name, segment in wanted.items():
        have = _addresses(present.get(name))
        if name not in present:
            # An address of its own: otherwise it takes the lowest of its ports', and changes as they come and go.
            address = hardware_address(name)
            lines.append(f"link add {name} address {address} type bridge forward_delay 0 stp_state 0")
        lines += [f"address delete {address} dev {name}" for address in sorted(have - segment.addresses)]
        lines += [f"address add {address} dev {name}" for address in sorted(segment.addresses - have)]
        if name not in present:
            lines.append(f"link set {name} up")
    return lines


def _routing_lines(
    segments: Sequence[Segment], present: dict[str, dict[str, Any]], routes: set[Route], rules: set[Rule]
) -> list[str]:
    """Return the lines that bring routes and rules to what ``segments`` ask for; a bridge that is down has none."""
    wanted_rules = {rule for segment in segments for rule in segment.rules}
    wanted = {route for segment in segments for route in segment.routes if is_up(present.get(segment.bridge))}
    return [
        *(f"route delete {route.words}" for route in sorted(routes - wanted)),
        *(f"route add {route.words}" for route in sorted(wanted - routes)),
        *(f"rule delete {rule.words}" for rule in sorted(rules - wanted_rules, key=str)),
        *(f"rule add {rule.words}" for rule in sorted(wanted_rules - rules, key=str)),
    ]


def ensure_routing(layout: Layout) -> None:
    """Bring addresses beyond the zones, routes and rules to what the recorded zones need."""
    zones = load_zones(layout)
    segments, present = topology.make_segments(zones), links(layout.netns)
    lines = _routing_lines(segments, present, _routes(layout.netns), _rules(layout.netns))
    beyond = {f"{topology.INTERNET}/32"} if topology.routed_sites(zones) else set()
    have = _addresses(present["lo"]) & {f"{topology.INTERNET}/32"}
    lines += [f"address add {address} dev lo" for address in beyond - have]
    lines += [f"address delete {address} dev lo" for address in have - beyond]
    _batch(layout, lines)


def _batch(layout: Layout, lines: Sequence[str]) -> None:
    if lines:
        run(["ip", "-n", layout.netns, "-batch", "-"], text="".join(f"{line}\n" for line in lines))


def ensure_network(layout: Layout, zones: Sequence[Zone], *, dry_run: bool = False) -> None:
    """Make the namespace with a bridge a zone and what routing needs, and run the package proxy.

    What is there already stays as it is (a zone that is cut stays cut). Raises OwnedByOtherError when a namespace of
    this name is somebody else's.
    """
    with layout.lock("network"):
        if layout.netns_path.exists() and not network_exists(layout) and owner_mark(layout.netns):
            raise OwnedByOtherError(
                Text(
                    vi=f"mạng {layout.netns} thuộc về một bản khác: {owner_mark(layout.netns)}",
                    en=f"the network {layout.netns} belongs to another checkout: {owner_mark(layout.netns)}",
                ),
                todo=Text(vi="chạy 'smartcommune lab clean' ở bản đó", en="run 'smartcommune lab clean' there"),
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
        _batch(layout, _bridge_lines(topology.make_segments(zones), links(layout.netns)))
        ensure_routing(layout)
        proxy.ensure_proxy(layout, topology.listening_addresses(zones))


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


def zone_of(layout: Layout, name: str, site: str | None = None) -> Zone:
    """Return a zone of the network, of the first site unless told; raises LabUsageError with those there are."""
    zones = load_zones(layout)
    for zone in zones:
        if zone.name == name and site in (None, zone.site):
            return zone
    sites = topology.sites_of(zones)
    if site is not None and site not in sites:
        raise LabUsageError(
            Text(vi=f"không có địa điểm {site}", en=f"there is no site {site}"), todo=one_of(site, sites)
        )
    there = tuple(dict.fromkeys(zone.name for zone in zones))
    listed = ", ".join(there) or "–"
    raise LabUsageError(
        Text(vi=f"không có vùng mạng {name}; các vùng: {listed}", en=f"there is no zone {name}; zones: {listed}")
    )
