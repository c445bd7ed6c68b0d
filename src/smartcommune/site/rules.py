"""All rules of the network together: what each host accepts and starts, and what the routers let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smartcommune.site.firewall import make_inbound, make_outbound
from smartcommune.site.forwarding import make_forward
from smartcommune.site.peers import make_peers, peers_of

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft, DraftHost
    from smartcommune.site.models import Device, ForwardRule, InboundRule, OutboundRule
    from smartcommune.site.peers import Peers


class Rules(NamedTuple):
    """By host: what it accepts, starts and lets pass, and the peers as it reaches them; ``common`` are the Site's."""

    inbound: dict[str, tuple[InboundRule, ...]]
    outbound: dict[str, tuple[OutboundRule, ...]]
    forward: dict[str, tuple[ForwardRule, ...]]
    peers: dict[str, Peers]
    common: Peers


def make_rules(draft: Draft, devices: tuple[Device, ...]) -> Rules:
    """Return the rules of all hosts; conflicts are recorded in the draft."""
    common = make_peers(draft)
    hosts = draft.hosts.values()
    peers = {host.name: peers_of(draft, host, common) for host in hosts}
    inbound = {host.name: make_inbound(draft, host) for host in hosts}
    outbound = {host.name: make_outbound(draft, host, peers[host.name], devices) for host in hosts}
    return Rules(inbound, outbound, make_forward(draft, inbound, outbound), peers, common)


def list_tables(draft: Draft, host: DraftHost) -> tuple[str, ...]:
    """Return the nftables tables, family first, that services of a host have of their own."""
    tables = [table for placement in draft.on(host.name) for table in placement.service.firewall_tables]
    return tuple(sorted(table if " " in table else f"inet {table}" for table in tables))
