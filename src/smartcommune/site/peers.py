"""The servers that hosts may reach outside their own services: mirror, mail relay and name server, for each host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.catalogue.models import RESOLVER
from smartcommune.site.networks import LAB_MIRROR_PORT, OUTER_ZONES

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft, DraftHost, Network

Peer = dict[str, int | str]
Peers = dict[str, Peer | None]

GATEWAY = "gateway"  # as an address: the gateway of the host's own zone
INTERNET = "0.0.0.0/0"  # whatever lies beyond the WAN
LOCAL = "127.0.0.1"
_DNS_PORT = 53


def make_peers(draft: Draft) -> Peers:
    """Return the peers as the first site has them; ``gateway`` as an address is that of a host's own zone."""
    network = next(iter(draft.networks.values()))
    resolver: Peer | None = {"address": GATEWAY, "port": _DNS_PORT} if _resolves(draft, network) else None
    data = draft.province.data
    if draft.target == "lab":
        return {"mirror": _lab_mirror(network), "mail_relay": None, "resolver": resolver}
    return {
        "mirror": None if data.mirror is None else data.mirror.model_dump(),
        "mail_relay": None if data.mail_relay is None else data.mail_relay.model_dump(),
        "resolver": resolver,
    }


def peers_of(draft: Draft, host: DraftHost, peers: Peers) -> Peers:
    """Return the peers as one host reaches them."""
    mirror = _lab_mirror(host.network) if draft.target == "lab" else peers["mirror"]
    if mirror is not None and mirror["address"] == GATEWAY:
        mirror = {**mirror, "address": host.zone.gateway}
    return {"mirror": mirror, "mail_relay": peers["mail_relay"], "resolver": _resolver_of(draft, host)}


def _lab_mirror(network: Network) -> Peer:
    address = GATEWAY if network.router is None else network.zones["wan"].gateway
    return {"address": address, "port": LAB_MIRROR_PORT}


def _resolver_of(draft: Draft, host: DraftHost) -> Peer | None:
    """Return a host's name server: its router, which asks itself; the operator's zones have none of ours."""
    if not _resolves(draft, host.network) or host.zone.name in OUTER_ZONES:
        return None
    return {"address": LOCAL if host.is_router else host.zone.gateway, "port": _DNS_PORT}


def _resolves(draft: Draft, network: Network) -> bool:
    """Tell whether a network's router answers for names."""
    router = network.router
    return router is not None and any(RESOLVER in placed.service.provides for placed in draft.on(router.host))
