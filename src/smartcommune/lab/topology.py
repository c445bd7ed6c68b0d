"""What the lab's namespace must have for each zone: bridge, addresses, routes and routing rules. Pure functions.

On a site without a router the namespace plays it: it has the gateway's address in every zone and forwards between them.
Where a host routes, the namespace is only what lies around the commune: the operator's side of ``wan`` and ``wan2``
(:data:`INTERNET` beyond it), and the toolkit's place in ``management``. It then forwards nothing but between the wans.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartcommune.site.networks import OUTER_ZONES, address_in, router_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smartcommune.site.models import Zone

INTERNET = "198.51.100.1"  # RFC 5737: an address beyond the operator, reached through whichever wan is up
TOOLKIT_ZONE = "management"
_TOOLKIT = 254  # host part of the toolkit's address where a host routes
_OPERATOR_TABLE, _TOOLKIT_TABLE, _FIRST_WAN_TABLE = 100, 120, 200


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A route of the namespace; it goes with its bridge when that is taken down."""

    table: int
    prefix: str
    bridge: str
    gateway: str = ""
    source: str = ""

    @property
    def words(self) -> str:
        """The route as ``ip route`` takes it."""
        via = f"via {self.gateway} " if self.gateway else ""
        source = f" src {self.source}" if self.source else ""
        return f"{self.prefix} {via}dev {self.bridge} table {self.table} proto static{source}"


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """A routing rule: traffic that came in by ``link``, or from ``source``, looks into ``table`` (None: is refused)."""

    priority: int
    link: str = ""
    source: str = ""
    table: int | None = None

    @property
    def words(self) -> str:
        """The rule as ``ip rule`` takes it."""
        came = f"iif {self.link}" if self.link else f"from {self.source}"
        goes = "unreachable" if self.table is None else f"lookup {self.table}"
        return f"pref {self.priority} {came} {goes}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A zone in the lab: its bridge, the namespace's addresses on it, and what routing needs for it."""

    zone: Zone
    bridge: str
    addresses: frozenset[str]
    routes: frozenset[Route] = frozenset()
    rules: frozenset[Rule] = frozenset()


def sites_of(zones: Iterable[Zone]) -> tuple[str, ...]:
    """Return the sites of ``zones`` in their order."""
    return tuple(dict.fromkeys(zone.site for zone in zones))


def routed_sites(zones: Iterable[Zone]) -> frozenset[str]:
    """Return the sites where a host routes."""
    return frozenset(zone.site for zone in zones if zone.router)


def bridge_of(zone: Zone, zones: Sequence[Zone]) -> str:
    """Return the bridge that stands for ``zone``: ``br-wifi`` on the first site, ``b2-wifi`` on the second."""
    number = sites_of(zones).index(zone.site)
    return f"b{number + 1}-{zone.name}" if number else f"br-{zone.name}"


def zone_at(zones: Iterable[Zone], name: str, address: str) -> Zone | None:
    """Return the zone called ``name`` that ``address`` lies in: each site has one of that name."""
    place = ipaddress.ip_address(address)
    return next((zone for zone in zones if zone.name == name and place in ipaddress.ip_network(zone.prefix)), None)


def site_at(zones: Iterable[Zone], address: str) -> str | None:
    """Return the site that an address lies in."""
    place = ipaddress.ip_address(address)
    return next((zone.site for zone in zones if place in ipaddress.ip_network(zone.prefix)), None)


def toolkit_address(zones: Sequence[Zone], address: str) -> str | None:
    """Return the address by which the toolkit comes to the host at ``address``: in ``management`` of the host's site.

    It is the zone's gateway where the namespace routes, else a place beside the router.
    """
    site = site_at(zones, address)
    zone = next((zone for zone in zones if zone.name == TOOLKIT_ZONE and zone.site == site), None)
    if zone is None:
        return None
    return address_in(zone, _TOOLKIT) if zone.router else zone.gateway


def listening_addresses(zones: Sequence[Zone]) -> tuple[str, ...]:
    """Return where the package proxy listens: on every gateway that the namespace is, or on the wan alone."""
    routed = routed_sites(zones)
    return tuple(zone.gateway for zone in zones if zone.site not in routed or zone.name == OUTER_ZONES[0])


def make_segments(zones: Sequence[Zone]) -> tuple[Segment, ...]:
    """Return what each zone needs."""
    routed = routed_sites(zones)
    return tuple(
        _routed_segment(zone, zones) if zone.site in routed else Segment(zone, bridge_of(zone, zones), _own(zone))
        for zone in zones
    )


def _own(zone: Zone, address: str = "") -> frozenset[str]:
    return frozenset({f"{address or zone.gateway}/{ipaddress.ip_network(zone.prefix).prefixlen}"})


def _routed_segment(zone: Zone, zones: Sequence[Zone]) -> Segment:
    """A zone of a site where a host routes."""
    bridge = bridge_of(zone, zones)
    inner = [each.prefix for each in zones if each.site == zone.site and each.name not in OUTER_ZONES]
    if zone.name in OUTER_ZONES:
        return _wan_segment(zone, zones, inner)
    closed = frozenset({Rule(_OPERATOR_TABLE + 1, link=bridge)})
    if zone.name != TOOLKIT_ZONE:
        return Segment(zone, bridge, frozenset(), rules=closed)
    place = address_in(zone, _TOOLKIT)
    routes = {Route(_TOOLKIT_TABLE, prefix, bridge, zone.gateway, place) for prefix in inner if prefix != zone.prefix}
    # "iif lo" is what starts here: what comes in from a bridge never takes the toolkit's way into the zones.
    rules = closed | {Rule(_TOOLKIT_TABLE, link="lo", table=_TOOLKIT_TABLE)}
    return Segment(zone, bridge, _own(zone, place), frozenset(routes), rules)


def _wan_segment(zone: Zone, zones: Sequence[Zone], inner: Sequence[str]) -> Segment:
    """The operator's side of a way to the Internet: it knows the other wans and :data:`INTERNET`, and no zone.

    Only what speaks from the operator's own address (the package proxy) answers inner addresses, and through the
    router's wan: until the router translates addresses, the machines behind it are to find their packages too.
    """
    bridge, table = bridge_of(zone, zones), _FIRST_WAN_TABLE + list(zones).index(zone)
    router = router_address(zone)
    routes = {Route(_OPERATOR_TABLE, zone.prefix, bridge), Route(table, zone.prefix, bridge)}
    routes |= {Route(table, prefix, bridge, router) for prefix in inner}
    rules = {
        Rule(_OPERATOR_TABLE, link=bridge, table=_OPERATOR_TABLE),
        Rule(_OPERATOR_TABLE + 1, link=bridge),
        Rule(_OPERATOR_TABLE, source=INTERNET, table=_OPERATOR_TABLE),
        Rule(_OPERATOR_TABLE + 1, source=INTERNET),
        Rule(_OPERATOR_TABLE + 2, source=zone.gateway, table=table),
    }
    return Segment(zone, bridge, _own(zone), frozenset(routes), frozenset(rules))
