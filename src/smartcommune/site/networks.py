"""The networks of the commune's sites: blocks, zones, and the host that routes between the zones of each."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from smartcommune.catalogue.models import ROUTING
from smartcommune.profile.network import ZONES
from smartcommune.site.address_conflicts import add_router_zone, add_second_router
from smartcommune.site.draft import Network
from smartcommune.site.models import Place, Setting, Zone

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft

ZONE_PREFIX = 24
OUTER_ZONES = ("wan", "wan2")  # the gateway is the operator's, and whatever lies beyond comes and goes here
ROUTER_ZONE = "edge"
LAB_MIRROR_PORT = 3142  # of the lab's package proxy: on every zone's gateway; behind a router, on the operator's side
_ZONE_SIZE = 256
_ROUTER_IN_OUTER_ZONE = 10


def make_networks(draft: Draft) -> None:
    """Give each site its network; a profile without sites has one, named after the place of its first host."""
    profile = draft.loaded.profile
    shared = draft.profile_source("network", "block")
    if not profile.sites:
        name = next(iter(profile.hosts.values())).site
        draft.networks = {name: Network(name, profile.network.block, profile.link, (shared,))}
        return
    for name, place in profile.sites.items():
        own, source = place.block, draft.profile_source("sites", name)
        sources = (draft.profile_source("sites", name, "block"),) if own else (source, shared)
        block = own or profile.network.block
        draft.networks[name] = Network(name, block, place.link or profile.link, sources, place.title or "")


def choose_routers(draft: Draft) -> None:
    """Make the host with a service that provides routing the router of its network, and make the zones."""
    for placement in draft.placements.values():
        if ROUTING not in placement.service.provides:
            continue
        host = draft.loaded.profile.hosts[placement.host]
        network = draft.network_of(host.site)
        if network.router is not None and network.router.host != placement.host:
            add_second_router(draft, network.site, network.router, placement)
            continue
        network.router = placement
        if host.zone not in {None, ROUTER_ZONE}:
            add_router_zone(draft, placement, str(host.zone), ROUTER_ZONE)
        sources = (*placement.sources, *network.sources)
        draft.settings.append(Setting(f"sites.{network.site}.router", placement.host, "derived", sources))
    for network in draft.networks.values():
        router = network.router.host if network.router else None
        network.zones = {zone.name: zone for zone in make_zones(network.block, network.site, router)}


def make_zones(block: str, site: str = "", router: str | None = None) -> tuple[Zone, ...]:
    """Return the zones of a /21 block; a zone's gateway has the first address of its /24."""
    base = int(ipaddress.IPv4Address(block.partition("/")[0]))
    return tuple(
        Zone(
            name,
            f"{dotted(base + index * _ZONE_SIZE)}/{ZONE_PREFIX}",
            dotted(base + index * _ZONE_SIZE + 1),
            site,
            None if name in OUTER_ZONES else router,
        )
        for index, name in enumerate(ZONES)
    )


def zone_of(address: str, zones: tuple[Zone, ...]) -> str | None:
    """Return the name of the zone that an address lies in."""
    zone = find_zone(address, zones)
    return None if zone is None else zone.name


def find_zone(address: str, zones: tuple[Zone, ...]) -> Zone | None:
    """Return the zone that an address lies in."""
    prefix = address.rpartition(".")[0]
    return next((zone for zone in zones if zone.prefix.rpartition(".")[0] == prefix), None)


def router_address(zone: Zone) -> str:
    """Return the address of a router in one of its zones: the gateway's, but for the operator's zones."""
    return address_in(zone, _ROUTER_IN_OUTER_ZONE) if zone.name in OUTER_ZONES else zone.gateway


def address_in(zone: Zone, number: int) -> str:
    """Return an address of a zone by its last number."""
    return f"{zone.prefix.rpartition('.')[0]}.{number}"


def describe_networks(draft: Draft) -> tuple[Place, ...]:
    """Return the sites as the Site has them."""
    return tuple(
        Place(
            network.site,
            network.title,
            network.block,
            network.link.model_dump(),
            network.router.host if network.router else None,
            network.sources,
        )
        for network in draft.networks.values()
    )


def dotted(number: int) -> str:
    """Return an IPv4 address from its number."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
