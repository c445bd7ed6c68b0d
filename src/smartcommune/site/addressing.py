"""Addresses: hosts from .10 of their zone in the order they are declared, devices from .200.

A router has its zones' own gateway addresses; hosts beside it end at .99, since it gives the numbers from .100 to
machines that come and go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.profile.network import ZONE_OF_KIND
from smartcommune.site.address_conflicts import add_taken, add_wrong_router_address, add_wrong_zone, add_zone_full
from smartcommune.site.draft import DraftHost
from smartcommune.site.models import Connection, Interface, Setting
from smartcommune.site.networks import (
    OUTER_ZONES,
    ROUTER_ZONE,
    ZONE_PREFIX,
    address_in,
    find_zone,
    router_address,
)
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft
    from smartcommune.site.models import Source, Zone

_HOSTS = range(10, 255)
_HOSTS_WITH_ROUTER = range(10, 100)


def list_hosts(draft: Draft) -> tuple[str, ...]:
    """Return the names of the target's hosts: all, or those that stand already."""
    profile = draft.loaded.profile
    return tuple(name for name in profile.hosts if draft.target != "existing" or connection_of(draft, name) is not None)


def place_hosts(draft: Draft) -> None:
    """Give each host of the target its zone and address; a machine that already stands keeps the one it has."""
    free: dict[tuple[str, str], int] = {}
    for name, host in draft.loaded.profile.hosts.items():
        network = draft.network_of(host.site)
        routes = network.router is not None and network.router.host == name
        zone = network.zones[ROUTER_ZONE if routes else host.zone or ZONE_OF_KIND[host.kind]]
        address = router_address(zone) if routes else _take(draft, name, zone, free)
        if name not in draft.standing:
            continue
        sources: tuple[Source, ...] = (draft.profile_source("hosts", name),)
        if routes and network.router is not None:
            sources = (*sources, network.router.sources[0])
        if connection := connection_of(draft, name):
            sources = (*sources, draft.profile_source("targets", "existing", "hosts", name))
            address = _kept(draft, name, connection.address, zone, address, routes=routes)
        draft.hosts[name] = DraftHost(name, network, zone, address, sources)
        why = (*sources, *network.sources)
        draft.settings.append(Setting(f"hosts.{name}.address", address, "derived", why))
    _check_addresses(draft)


def _take(draft: Draft, name: str, zone: Zone, free: dict[tuple[str, str], int]) -> str:
    """Return the next free address of a zone."""
    routed = draft.network_of(zone.site).router is not None
    numbers = _HOSTS_WITH_ROUTER if routed else _HOSTS
    number = free.get((zone.site, zone.name), numbers.start + (routed and zone.name in OUTER_ZONES))
    free[zone.site, zone.name] = number + 1
    if number == numbers.stop:
        add_zone_full(draft, name, zone, len(numbers))
    return address_in(zone, number)


def _kept(draft: Draft, name: str, standing: str, zone: Zone, planned: str, *, routes: bool) -> str:
    """Return the address of a machine that stands: its own where that lies in its zone, else the planned one."""
    zones = tuple(zone for network in draft.networks.values() for zone in network.zones.values())
    there = find_zone(standing, zones)
    if there is None:
        return planned
    if routes:
        if there.site != zone.site or standing != router_address(there):
            add_wrong_router_address(
                draft, name, standing, router_address(draft.network_of(zone.site).zones[there.name])
            )
        return planned
    if (there.site, there.name) != (zone.site, zone.name):
        add_wrong_zone(draft, name, there, zone)
        return planned
    return standing


def make_interfaces(draft: Draft, host: DraftHost) -> tuple[Interface, ...]:
    """Return a host's links, that of its own zone first; a router's are named after their zones."""
    if not host.is_router:
        name = "host0" if draft.target == "lab" else ""
        return (Interface(host.zone.name, host.address, ZONE_PREFIX, name),)
    zones = sorted(host.network.zones.values(), key=lambda zone: zone.name != host.zone.name)
    return tuple(Interface(zone.name, router_address(zone), ZONE_PREFIX, zone.name) for zone in zones)


def gateway_of(host: DraftHost) -> str:
    """Return a host's way to other networks; a router's is the operator."""
    return host.network.zones["wan"].gateway if host.is_router else host.zone.gateway


def address_towards(host: DraftHost, other: DraftHost) -> str:
    """Return the address by which ``other`` knows a host: of a router, the one in the other's own zone."""
    if host.is_router and host.network is other.network and not other.is_router:
        return router_address(other.zone)
    return host.address


def connection_of(draft: Draft, host: str) -> Connection | None:
    """Return how a machine that already stands is reached, or None on other targets."""
    existing = draft.loaded.profile.targets.existing
    if draft.target != "existing" or existing is None or host not in existing.hosts:
        return None
    machine = existing.hosts[host]
    return Connection(machine.address, machine.port, machine.user)


def _check_addresses(draft: Draft) -> None:
    """No two hosts have one address, and none has its gateway's unless it is the gateway."""
    seen: dict[str, DraftHost] = {}
    for host in draft.hosts.values():
        if host.address == host.zone.gateway and not host.is_router:
            add_taken(
                draft, host.name, host.address, host.sources[-1], Text(vi="cổng của vùng", en="the zone's gateway")
            )
        elif host.address in seen:
            other = seen[host.address]
            owner = Text(vi=other.name, en=other.name)
            add_taken(draft, host.name, host.address, host.sources[-1], owner, other.sources[-1])
        seen[host.address] = host
