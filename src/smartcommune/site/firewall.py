"""The firewall matrix: what each host accepts, from where, and what it may start, to where; ports that clash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartcommune.site.addressing import address_towards, connection_of, gateway_of
from smartcommune.site.draft import related
from smartcommune.site.models import InboundRule, OutboundRule
from smartcommune.site.networks import OUTER_ZONES, ROUTER_ZONE, router_address
from smartcommune.site.peers import INTERNET, LOCAL
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Egress
    from smartcommune.site.draft import Draft, DraftHost, Placement, Tie
    from smartcommune.site.models import Device, Source
    from smartcommune.site.peers import Peers


def make_inbound(draft: Draft, host: DraftHost) -> tuple[InboundRule, ...]:
    """Return what the host accepts, by port; two services that want one port are a conflict.

    On a machine that already stands, administration comes in on the port by which the profile says it is reached.
    """
    rules: dict[tuple[str, int], tuple[InboundRule, Placement]] = {}
    for placement in draft.on(host.name):
        name = placement.service.name
        for index, port in enumerate(placement.service.ports):
            sources = (draft.catalogue_source(name, "ports", index), *placement.sources)
            number = port.port
            if port.administration and (connection := connection_of(draft, host.name)) and connection.port != number:
                number = connection.port
                sources = (draft.profile_source("targets", draft.target, "hosts", host.name, "port"), *sources)
            router = _own_router(host, port.zones)
            rule = InboundRule(port.protocol, number, port.zones, name, sources, router, local=port.local)
            _add(draft, rules, _located(draft, host, rule), placement)
        for capability, number in placement.service.remote.items():
            ties = [tie for tie in _remote_ties(draft, capability) if tie.provider is placement]
            if ties:
                consumers = [draft.hosts[tie.consumer.host] for tie in ties]
                addresses = tuple(dict.fromkeys(address_towards(consumer, host) for consumer in consumers))
                sources = tuple(dict.fromkeys(source for tie in ties for source in (tie.source, *tie.consumer.sources)))
                _add(draft, rules, InboundRule("tcp", number, (), name, sources, addresses), placement)
    return tuple(rule for _, (rule, _) in sorted(rules.items()))


def _own_router(host: DraftHost, zones: tuple[str, ...]) -> tuple[str, ...]:
    """Return the router's address in the host's own zone, from which it comes when its zone is let in."""
    if host.network.router is None or host.is_router or ROUTER_ZONE not in zones or host.zone.name in zones:
        return ()
    return (router_address(host.zone),)


def _located(draft: Draft, host: DraftHost, rule: InboundRule) -> InboundRule:
    """Return a rule with the prefixes of its zones: the operator's of the host's own site, the others of all sites.

    Where a router lets it pass, whatever lies beyond the WAN comes in with an operator's zone.
    """
    prefixes = tuple(
        network.zones[zone].prefix
        for network in draft.networks.values()
        for zone in rule.zones
        if network is host.network or not (rule.local or zone in OUTER_ZONES)
    )
    outside = host.network.router is not None and any(zone in OUTER_ZONES for zone in rule.zones)
    return replace(rule, prefixes=prefixes, outside=outside)


def make_outbound(draft: Draft, host: DraftHost, peers: Peers, devices: tuple[Device, ...]) -> tuple[OutboundRule, ...]:
    """Return what the host may start: to the peers that its services name, and to providers on other hosts."""
    rules: dict[tuple[str, int, str], OutboundRule] = {}
    for placement in draft.on(host.name):
        for index, egress in enumerate(placement.service.egress):
            source = draft.catalogue_source(placement.service.name, "egress", index)
            sources = (source, *placement.sources)
            for address, port, more in _addresses(draft, host, egress, peers, devices, source):
                rule = OutboundRule(
                    egress.protocol, port, address, egress.peer, placement.service.name, (*sources, *more)
                )
                rules.setdefault((rule.protocol, rule.port, rule.address), rule)
    for tie in _remote_ties(draft):
        number = tie.provider.service.remote.get(tie.requirement.capability)
        if number is not None and tie.consumer.host == host.name:
            address = address_towards(draft.hosts[tie.provider.host], host)
            sources = (tie.source, *tie.consumer.sources)
            rule = OutboundRule("tcp", number, address, tie.provider.host, tie.consumer.service.name, sources)
            rules.setdefault((rule.protocol, rule.port, rule.address), rule)
    return tuple(rule for _, rule in sorted(rules.items()))


def _addresses(
    draft: Draft, host: DraftHost, egress: Egress, peers: Peers, devices: tuple[Device, ...], source: Source
) -> list[tuple[str, int, tuple[Source, ...]]]:
    """Return address, port and further reasons of each destination; none when the peer is optional and not there."""
    match egress.peer:
        case "gateway":
            return [(gateway_of(host), egress.port, ())]
        case "internet":
            return [(INTERNET, egress.port, ())]
        case "devices":
            return [(device.address, egress.port, device.sources) for device in devices]
        case "sensors":
            return [(host.network.zones["sensor"].prefix, egress.port, ())]
    peer = peers[egress.peer]
    if peer is None:
        if egress.peer == "mirror":
            _no_mirror(draft, source)
        return []
    if peer["address"] == LOCAL:
        return []
    from_province = draft.target != "lab" and egress.peer != "resolver"
    return [(str(peer["address"]), int(peer["port"]), (draft.province_source(egress.peer),) if from_province else ())]


def _remote_ties(draft: Draft, capability: str | None = None) -> list[Tie]:
    """Return the ties between two hosts, of one capability or of all."""
    return [
        tie
        for tie in draft.ties
        if tie.consumer.host != tie.provider.host and capability in {None, tie.requirement.capability}
    ]


def _add(
    draft: Draft, rules: dict[tuple[str, int], tuple[InboundRule, Placement]], rule: InboundRule, placement: Placement
) -> None:
    key = (rule.protocol, rule.port)
    if key in rules:
        _clash(draft, rules[key][0], rule, placement.host)
    else:
        rules[key] = (rule, placement)


def _clash(draft: Draft, first: InboundRule, second: InboundRule, host: str) -> None:
    port = f"{second.protocol}/{second.port}"
    where = second.sources[1] if len(second.sources) > 1 else second.sources[0]
    draft.conflict(
        where,
        "port-clash",
        Text(
            vi=f"trên {host}, {second.service} và {first.service} cùng cần cổng {port}",
            en=f"on {host}, {second.service} and {first.service} both want port {port}",
        ),
        found=Text(vi=port, en=port),
        expected=Text(vi="mỗi cổng một dịch vụ", en="one service for each port"),
        todo=Text(vi="đặt một trong hai sang máy khác («host: tên»)", en="put one on another machine («host: name»)"),
        others=[
            related(first.sources[0], Text(vi=first.service, en=first.service)),
            related(second.sources[0], Text(vi=second.service, en=second.service)),
        ],
    )


def _no_mirror(draft: Draft, source: Source) -> None:
    at = draft.province_source("mirror")
    if any(fault.code == "no-mirror" for fault in draft.faults):
        return
    draft.conflict(
        at,
        "no-mirror",
        Text(
            vi=f"đích {draft.target} cần kho phần mềm của tỉnh, vì các máy không ra Internet",
            en=f"target {draft.target} needs the province's package mirror, since hosts do not reach the Internet",
        ),
        found=Text(vi="mirror: null", en="mirror: null"),
        expected=Text(vi="địa chỉ và cổng của kho", en="the mirror's address and port"),
        todo=Text(
            vi="viết chẳng hạn: mirror: {address: 10.0.0.5, port: 3142}",
            en="write for example: mirror: {address: 10.0.0.5, port: 3142}",
        ),
        others=[related(source, Text(vi="dịch vụ cần kho", en="the service that needs it"))],
    )
