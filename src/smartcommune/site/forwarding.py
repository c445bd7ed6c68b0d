"""What the routers let pass: from zone to zone, and through the VPN between sites; everything else is dropped.

Derived from what hosts accept, from what they may start, and from the transit that services declare.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from smartcommune.profile.network import ZONES
from smartcommune.site.conflicts import add_not_joined
from smartcommune.site.models import ForwardRule
from smartcommune.site.networks import OUTER_ZONES, find_zone, router_address
from smartcommune.site.peers import INTERNET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smartcommune.site.draft import Draft, DraftHost, Network
    from smartcommune.site.models import InboundRule, OutboundRule, Source

VPN = "vpn"
_ANY_PORT = 0


class End(NamedTuple):
    """One end of a flow: an address or prefix in a zone of a network; what is a router's own passes no router."""

    network: Network
    zone: str
    address: str
    is_router: bool = False


class Way(NamedTuple):
    """What a router looks at, in the order of the rules."""

    from_zone: str
    source: str
    to_zone: str
    destination: str
    protocol: str


@dataclass(slots=True)
class _Matrix:
    """Rules being gathered: for each router, way and port, the service that asked first and all the reasons."""

    routers: dict[str, dict[tuple[Way, int], tuple[str, list[Source]]]] = field(default_factory=dict)

    def join(self, origin: End, target: End, protocol: str, port: int, service: str, why: tuple[Source, ...]) -> None:
        """Let a flow pass wherever it meets a router on its way."""
        one, two = origin.network.router, target.network.router
        if origin.network is target.network:
            if one is not None and origin.zone != target.zone and not origin.is_router and not target.is_router:
                way = Way(origin.zone, origin.address, target.zone, target.address, protocol)
                self._add(one.host, way, port, service, why)
            return
        if one is None or two is None:
            return
        if not origin.is_router:
            self._add(one.host, Way(origin.zone, origin.address, VPN, target.address, protocol), port, service, why)
        if not target.is_router:
            self._add(two.host, Way(VPN, origin.address, target.zone, target.address, protocol), port, service, why)

    def _add(self, router: str, way: Way, port: int, service: str, why: tuple[Source, ...]) -> None:
        _, sources = self.routers.setdefault(router, {}).setdefault((way, port), (service, []))
        sources += [source for source in why if source not in sources]

    def rules(self, router: str) -> tuple[ForwardRule, ...]:
        """Return a router's rules in the order of zones; the ports that one service wants on one way are one rule."""
        merged: dict[tuple[Way, str], tuple[list[int], dict[Source, None]]] = {}
        for (way, port), (service, sources) in sorted(
            self.routers.get(router, {}).items(), key=lambda item: (_order(item[0][0]), item[0][1], item[1][0])
        ):
            ports, why = merged.setdefault((way, service), ([], {}))
            ports.append(port)
            why.update(dict.fromkeys(sources))
        return tuple(
            ForwardRule(*way, () if _ANY_PORT in ports else tuple(ports), service, tuple(why))
            for (way, service), (ports, why) in merged.items()
        )


def make_forward(
    draft: Draft, inbound: Mapping[str, tuple[InboundRule, ...]], outbound: Mapping[str, tuple[OutboundRule, ...]]
) -> dict[str, tuple[ForwardRule, ...]]:
    """Return the rules of each router, given what each host accepts and may start."""
    _check_joined(draft)
    matrix = _Matrix()
    if all(network.router is None for network in draft.networks.values()):
        return {}
    for host in draft.hosts.values():
        here = End(host.network, host.zone.name, host.address, host.is_router)
        for accepted in inbound[host.name]:
            for origin in _origins(draft, host, accepted):
                matrix.join(origin, here, accepted.protocol, accepted.port, accepted.service, accepted.sources)
        for started in outbound[host.name]:
            target = _end_at(draft, host, started.address)
            matrix.join(here, target, started.protocol, started.port, started.service, started.sources)
    _add_transit(draft, matrix)
    return {
        network.router.host: matrix.rules(network.router.host) for network in draft.networks.values() if network.router
    }


def _origins(draft: Draft, host: DraftHost, rule: InboundRule) -> Iterator[End]:
    """Yield where a rule lets in from: its zones, on all sites or on the host's own, and single addresses."""
    for network in draft.networks.values():
        for zone in rule.zones:
            if network is host.network or not (rule.local or zone in OUTER_ZONES):
                yield _whole(network, zone)
    for address in rule.addresses:
        yield _end_at(draft, host, address)


def _end_at(draft: Draft, host: DraftHost, address: str) -> End:
    """Return the end at an address as a host sees it: in a zone of a site, or beyond the host's own WAN."""
    for network in draft.networks.values():
        zone = find_zone(address, tuple(network.zones.values()))
        if zone is not None and (zone.name not in OUTER_ZONES or network is host.network):
            routed = network.router is not None and address == router_address(zone)
            return End(network, zone.name, address, routed)
    return End(host.network, "wan", address)


def _add_transit(draft: Draft, matrix: _Matrix) -> None:
    """Let pass what services ask of the router of their site."""
    for placement in draft.placements.values():
        network = draft.hosts[placement.host].network
        for index, transit in enumerate(placement.service.transit):
            why = (draft.catalogue_source(placement.service.name, "transit", index), *placement.sources)
            for source in transit.sources:
                origin, target = _whole(network, source), _whole(network, transit.to)
                for port in transit.ports or (_ANY_PORT,):
                    matrix.join(origin, target, transit.protocol, port, placement.service.name, why)


def _whole(network: Network, zone: str) -> End:
    return End(network, zone, INTERNET if zone in OUTER_ZONES else network.zones[zone].prefix)


def _check_joined(draft: Draft) -> None:
    """Services that need each other stand on one site, or on two that routers join."""
    for tie in draft.ties:
        one, two = draft.hosts[tie.consumer.host].network, draft.hosts[tie.provider.host].network
        apart = [network.site for network in (one, two) if network.router is None]
        if one is not two and apart:
            add_not_joined(draft, tie, ", ".join(apart))


def _order(way: Way) -> tuple[int, int, str, str, str]:
    zones = (*ZONES, VPN)
    return zones.index(way.from_zone), zones.index(way.to_zone), way.source, way.destination, way.protocol
