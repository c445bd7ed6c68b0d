"""The devices of a Site: address, VLANs, ports and wireless networks of each, and the secrets that it needs.

A zone is one VLAN on every trunk of the commune; its number says which /24 of the block it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.document.nearest import fold
from smartcommune.profile.devices import KEYED
from smartcommune.profile.network import ZONES
from smartcommune.site.draft import related
from smartcommune.site.models import Device, DevicePort, SecretNeed, Setting, Ssid, Vlan
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartcommune.profile.devices import Device as Declared
    from smartcommune.site.draft import Draft
    from smartcommune.site.models import Source, Zone

FIRST_DEVICE = 200
LAST_DEVICE = 249
FIRST_VLAN = 100
SERVICE = "device"  # what the secrets of devices are filed under
SNMP_PORT = 161
_PASSWORD_LENGTH = 24
VLANS = {zone: FIRST_VLAN + index for index, zone in enumerate(ZONES)}
# the operator's networks end at the gateway: no trunk of the commune carries them
CARRIED = tuple(zone for zone in ZONES if zone not in ("wan", "wan2"))


def make_devices(draft: Draft, zones: Sequence[Zone], domain: str) -> tuple[Device, ...]:
    """Return the declared devices in their order; addresses that clash are conflicts in the draft."""
    made: list[Device] = []
    for name, declared in draft.loaded.profile.devices.items():
        zone = _zone(zones, declared.site, declared.zone)
        address = declared.address or _next_free(zone, [*made], draft)
        source = draft.profile_source("devices", name)
        if declared.address is None:
            draft.settings.append(Setting(f"devices.{name}.address", address, "derived", (source,)))
        device = _make_device(draft, name, declared, zone, address, domain)
        _check_address(draft, device, zone, made)
        made.append(device)
    return tuple(made)


def device_secrets(draft: Draft) -> dict[str, SecretNeed]:
    """Return the secrets of devices by id: passwords, SNMPv3 keys where somebody polls, keys of wireless networks."""
    needs: dict[str, SecretNeed] = {}
    polled = bool(_pollers(draft))
    for name, device in draft.loaded.profile.devices.items():
        source = (draft.profile_source("devices", name),)
        wanted = [] if device.platform in KEYED else ["password", *(["snmp_auth", "snmp_priv"] if polled else [])]
        for secret in wanted:
            key = f"{name}/{SERVICE}/{secret}"
            needs[key] = SecretNeed(key, name, SERVICE, secret, "password", _PASSWORD_LENGTH, source)
        for ssid, network in device.ssids.items():
            if network.security != "open":
                key = ssid_secret(ssid)
                lines = (draft.profile_source("devices", name, "ssids", ssid),)
                known = needs.get(key)
                sources = (*known.sources, *lines) if known else lines
                needs[key] = SecretNeed(key, "wifi", SERVICE, slug(ssid), "password", 20, sources)
    return needs


def ssid_secret(ssid: str) -> str:
    """Return the id of a wireless network's key: one for all access points that offer it."""
    return f"wifi/{SERVICE}/{slug(ssid)}"


def slug(ssid: str) -> str:
    """Return a name for programs: ``UBND xã`` → ``ubnd-xa``."""
    return "-".join("".join(sign if sign.isalnum() else " " for sign in fold(ssid)).split()) or "wifi"


def _zone(zones: Sequence[Zone], site: str, name: str) -> Zone:
    """Return a zone of the device's own site, or of the first one where its place is no site of its own."""
    own = [zone for zone in zones if zone.site == site] or [zone for zone in zones if zone.site == zones[0].site]
    return next(zone for zone in own if zone.name == name)


def _next_free(zone: Zone, made: list[Device], draft: Draft) -> str:
    taken = {device.address for device in made} | {
        declared.address for declared in draft.loaded.profile.devices.values() if declared.address
    }
    base = zone.prefix.rpartition(".")[0]
    free = (f"{base}.{number}" for number in range(FIRST_DEVICE, LAST_DEVICE + 1))
    return next((address for address in free if address not in taken), f"{base}.{LAST_DEVICE}")


def _make_device(draft: Draft, name: str, declared: Declared, zone: Zone, address: str, domain: str) -> Device:
    return Device(
        name=name,
        platform=declared.platform,
        site=declared.site,
        zone=declared.zone,
        address=address,
        port=declared.port,
        sources=(draft.profile_source("devices", name),),
        role=declared.role,
        user=declared.user,
        fqdn=f"{name}.{domain}",
        prefix_length=int(zone.prefix.rpartition("/")[2]),
        gateway=zone.gateway,
        vlan=VLANS[declared.zone],
        vlans=tuple(Vlan(VLANS[each], each) for each in CARRIED) if declared.role != "router" else (),
        ports=tuple(
            DevicePort(port, "trunk" if use.trunk else "access", use.zone, use.enabled, use.description)
            for port, use in declared.ports.items()
        ),
        ssids=tuple(
            Ssid(
                ssid,
                slug(ssid),
                VLANS[use.zone],
                use.security,
                None if use.security == "open" else ssid_secret(ssid),
            )
            for ssid, use in declared.ssids.items()
        ),
        routes=tuple(declared.routes.items()),
        # the site's router gives time and names to every zone
        time_server=zone.gateway if zone.router else None,
        resolver=zone.gateway if zone.router else None,
        pollers=() if declared.platform in KEYED else _pollers(draft),
    )


def _pollers(draft: Draft) -> tuple[str, ...]:
    """Return the addresses of the hosts whose services ask devices by SNMP."""
    asking = {
        placement.host
        for placement in draft.placements.values()
        for egress in placement.service.egress
        if egress.peer == "devices" and egress.port == SNMP_PORT
    }
    return tuple(host.address for host in draft.hosts.values() if host.name in asking)


def _check_address(draft: Draft, device: Device, zone: Zone, made: list[Device]) -> None:
    """A device stands in its zone, and nothing else has its address."""
    at = draft.profile_source("devices", device.name, "address")
    if device.address.rpartition(".")[0] != zone.prefix.rpartition(".")[0]:
        draft.conflict(
            at,
            "device-zone",
            Text(
                vi=f"{device.name} được khai ở vùng {zone.name}, nhưng địa chỉ nằm ngoài vùng",
                en=f"{device.name} is declared in zone {zone.name}, but its address lies outside",
            ),
            found=Text(vi=device.address, en=device.address),
            expected=Text(vi=f"một địa chỉ trong {zone.prefix}", en=f"an address in {zone.prefix}"),
            todo=Text(vi="sửa địa chỉ hoặc vùng", en="correct the address or the zone"),
            others=[],
        )
    owners: list[tuple[str, str, Source | None]] = [(zone.gateway, f"{zone.name} gateway", None)]
    owners += [(host.address, host.name, host.sources[-1]) for host in draft.hosts.values()]
    owners += [(other.address, other.name, other.sources[0]) for other in made]
    for address, owner, source in owners:
        if address == device.address:
            draft.conflict(
                at,
                "address-taken",
                Text(
                    vi=f"địa chỉ {address} của {device.name} đã thuộc về {owner}",
                    en=f"the address {address} of {device.name} belongs to {owner}",
                ),
                found=Text(vi=address, en=address),
                expected=Text(vi="mỗi thiết bị một địa chỉ", en="an address of its own for each device"),
                todo=Text(vi="đổi địa chỉ của thiết bị", en="change the device's address"),
                others=[related(source, Text(vi=owner, en=owner))] if source else [],
            )
            return
