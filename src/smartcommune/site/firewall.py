"""The firewall matrix: what each host accepts, from where, and what it may start, to where; ports that clash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.site.addressing import connection_of
from smartcommune.site.draft import related
from smartcommune.site.models import InboundRule, OutboundRule
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Egress
    from smartcommune.site.draft import Draft, DraftHost, Placement, Tie
    from smartcommune.site.models import Source

Peers = dict[str, dict[str, int | str] | None]

LAB_MIRROR: dict[str, int | str] = {
    "address": "gateway",
    "port": 3142,
}  # the lab's proxy listens on every zone's gateway


def make_peers(draft: Draft) -> Peers:
    """Return the servers that hosts may reach; ``gateway`` as an address is the gateway of the host's own zone."""
    data = draft.province.data
    if draft.target == "lab":
        return {"mirror": dict(LAB_MIRROR), "mail_relay": None, "resolver": None}
    return {
        "mirror": None if data.mirror is None else data.mirror.model_dump(),
        "mail_relay": None if data.mail_relay is None else data.mail_relay.model_dump(),
        "resolver": None,
    }


def make_inbound(draft: Draft, host: str) -> tuple[InboundRule, ...]:
    """Return what the host accepts, by port; two services that want one port are a conflict.

    On a machine that already stands, administration comes in on the port by which the profile says it is reached.
    """
    rules: dict[tuple[str, int], tuple[InboundRule, Placement]] = {}
    for placement in draft.on(host):
        name = placement.service.name
        for index, port in enumerate(placement.service.ports):
            sources = (draft.catalogue_source(name, "ports", index), *placement.sources)
            number = port.port
            if port.administration and (connection := connection_of(draft, host)) and connection.port != number:
                number = connection.port
                sources = (draft.profile_source("targets", draft.target, "hosts", host, "port"), *sources)
            _add(draft, rules, InboundRule(port.protocol, number, port.zones, name, sources), placement)
        for capability, number in placement.service.remote.items():
            ties = [tie for tie in _remote_ties(draft, capability) if tie.provider is placement]
            if ties:
                addresses = tuple(dict.fromkeys(draft.hosts[tie.consumer.host].address for tie in ties))
                sources = tuple(dict.fromkeys(source for tie in ties for source in (tie.source, *tie.consumer.sources)))
                _add(draft, rules, InboundRule("tcp", number, (), name, sources, addresses), placement)
    return tuple(rule for _, (rule, _) in sorted(rules.items()))


def make_outbound(draft: Draft, host: DraftHost, peers: Peers) -> tuple[OutboundRule, ...]:
    """Return what the host may start: to the peers that its services name, and to providers on other hosts."""
    rules: dict[tuple[str, int, str], OutboundRule] = {}
    for placement in draft.on(host.name):
        for index, egress in enumerate(placement.service.egress):
            source = draft.catalogue_source(placement.service.name, "egress", index)
            rule = _to_peer(draft, host, placement, egress, peers, source)
            if rule is not None:
                rules.setdefault((rule.protocol, rule.port, rule.address), rule)
    for tie in _remote_ties(draft):
        port = tie.provider.service.remote.get(tie.requirement.capability)
        if port is not None and tie.consumer.host == host.name:
            address = draft.hosts[tie.provider.host].address
            sources = (tie.source, *tie.consumer.sources)
            rule = OutboundRule("tcp", port, address, tie.provider.host, tie.consumer.service.name, sources)
            rules.setdefault((rule.protocol, rule.port, rule.address), rule)
    return tuple(rule for _, rule in sorted(rules.items()))


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


def _to_peer(
    draft: Draft,
    host: DraftHost,
    placement: Placement,
    egress: Egress,
    peers: Peers,
    source: Source,
) -> OutboundRule | None:
    """Return the rule for one peer; None when the peer is optional and not there."""
    sources = (source, *placement.sources)
    name = placement.service.name
    if egress.peer == "gateway":
        return OutboundRule(egress.protocol, egress.port, host.zone.gateway, "gateway", name, sources)
    peer = peers.get(egress.peer)
    if peer is None:
        if egress.peer == "mirror":
            _no_mirror(draft, source)
        return None
    address = host.zone.gateway if peer["address"] == "gateway" else str(peer["address"])
    if draft.target != "lab":
        sources = (*sources, draft.province_source(egress.peer))
    return OutboundRule(egress.protocol, int(peer["port"]), address, egress.peer, name, sources)


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
