"""Zones and addresses: the block's /24s in the order of the zones, hosts from .10 in the order they are declared."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from smartcommune.faults import Related
from smartcommune.profile.network import ZONE_OF_KIND, ZONES
from smartcommune.site.draft import DraftHost, related
from smartcommune.site.models import Connection, Setting, Zone
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft
    from smartcommune.site.models import Source

ZONE_PREFIX = 24
_FIRST_HOST = 10
_LAST_HOST = 254
_ZONE_SIZE = 256


def make_zones(block: str) -> tuple[Zone, ...]:
    """Return the zones of a /21 block; a zone's gateway has the first address of its /24."""
    base = int(ipaddress.IPv4Address(block.partition("/")[0]))
    return tuple(
        Zone(name, f"{_dotted(base + index * _ZONE_SIZE)}/{ZONE_PREFIX}", _dotted(base + index * _ZONE_SIZE + 1))
        for index, name in enumerate(ZONES)
    )


def zone_of(address: str, zones: tuple[Zone, ...]) -> str | None:
    """Return the name of the zone that an address lies in."""
    prefix = address.rpartition(".")[0]
    return next((zone.name for zone in zones if zone.prefix.rpartition(".")[0] == prefix), None)


def place_hosts(draft: Draft, zones: tuple[Zone, ...]) -> None:
    """Give each host of the target its zone and address; a machine that already stands keeps the one it has."""
    by_name = {zone.name: zone for zone in zones}
    block = draft.profile_source("network", "block")
    next_free = dict.fromkeys(by_name, _FIRST_HOST)
    for name, host in draft.loaded.profile.hosts.items():
        zone = by_name[host.zone or ZONE_OF_KIND[host.kind]]
        if next_free[zone.name] > _LAST_HOST:
            _zone_full(draft, name, zone)
            break
        address = zone.prefix.rpartition(".")[0] + f".{next_free[zone.name]}"
        next_free[zone.name] += 1
        sources: tuple[Source, ...] = (draft.profile_source("hosts", name),)
        connection = connection_of(draft, name)
        if draft.target == "existing":
            if connection is None:
                continue
            source = draft.profile_source("targets", "existing", "hosts", name)
            sources = (*sources, source)
            standing = zone_of(connection.address, zones)
            if standing == zone.name:
                address = connection.address
            elif standing is not None:
                _wrong_zone(draft, name, standing, zone)
        draft.hosts[name] = DraftHost(name, zone, address, sources)
        draft.settings.append(Setting(f"hosts.{name}.address", address, "derived", (*sources, block)))
    _check_addresses(draft)


def connection_of(draft: Draft, host: str) -> Connection | None:
    """Return how a machine that already stands is reached, or None on other targets."""
    existing = draft.loaded.profile.targets.existing
    if draft.target != "existing" or existing is None or host not in existing.hosts:
        return None
    machine = existing.hosts[host]
    return Connection(machine.address, machine.port, machine.user)


def _zone_full(draft: Draft, host: str, zone: Zone) -> None:
    room = _LAST_HOST - _FIRST_HOST + 1
    draft.conflict(
        draft.profile_source("hosts", host),
        "zone-full",
        Text(
            vi=f"vùng {zone.name} không còn địa chỉ cho {host}", en=f"zone {zone.name} has no address left for {host}"
        ),
        found=Text(vi=f"hơn {room} máy", en=f"more than {room} hosts"),
        expected=Text(vi=f"nhiều nhất {room} máy trong {zone.prefix}", en=f"at most {room} hosts in {zone.prefix}"),
        todo=Text(vi="đặt bớt máy sang vùng khác", en="put some of the hosts into another zone"),
        others=[],
    )


def _wrong_zone(draft: Draft, host: str, standing: str, zone: Zone) -> None:
    at = draft.profile_source("targets", "existing", "hosts", host, "address")
    draft.conflict(
        at,
        "wrong-zone",
        Text(
            vi=f"{host} đứng ở vùng {standing}, nhưng được khai ở vùng {zone.name}",
            en=f"{host} stands in zone {standing}, but is declared in zone {zone.name}",
        ),
        found=Text(vi=f"địa chỉ trong vùng {standing}", en=f"an address in zone {standing}"),
        expected=Text(vi=f"một địa chỉ trong {zone.prefix}", en=f"an address in {zone.prefix}"),
        todo=Text(vi=f"viết zone: {standing}, hoặc sửa địa chỉ", en=f"write zone: {standing}, or correct the address"),
        others=[related(draft.profile_source("hosts", host), Text(vi="máy được khai ở đây", en="declared here"))],
    )


def _check_addresses(draft: Draft) -> None:
    """No two hosts have one address, and none has its gateway's."""
    seen: dict[str, DraftHost] = {}
    for host in draft.hosts.values():
        if host.address == host.zone.gateway:
            _taken(draft, host, [], Text(vi="cổng của vùng", en="the zone's gateway"))
        elif host.address in seen:
            other = seen[host.address]
            _taken(draft, host, [related(other.sources[-1], Text(vi=other.name, en=other.name))], None)
        seen[host.address] = host


def _taken(draft: Draft, host: DraftHost, others: list[Related], owner: Text | None) -> None:
    owner = owner or others[0].text
    draft.conflict(
        host.sources[-1],
        "address-taken",
        Text(
            vi=f"địa chỉ {host.address} của {host.name} đã thuộc về {owner.vi}",
            en=f"the address {host.address} of {host.name} belongs to {owner.en}",
        ),
        found=Text(vi=host.address, en=host.address),
        expected=Text(vi="mỗi máy một địa chỉ", en="an address of its own for each machine"),
        todo=Text(vi="đổi địa chỉ của máy", en="change the machine's address"),
        others=others,
    )


def _dotted(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
