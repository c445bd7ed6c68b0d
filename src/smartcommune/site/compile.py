"""Compiling a profile into the Site: pure, and the same input gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.errors import SiteErrors, UsageError
from smartcommune.profile.communes import load_official
from smartcommune.profile.models import SCHEMA_VERSION
from smartcommune.site.addressing import connection_of, gateway_of, list_hosts, make_interfaces, place_hosts
from smartcommune.site.devices import make_devices
from smartcommune.site.draft import Draft, DraftHost
from smartcommune.site.grants import make_endpoints, make_grants, make_secrets
from smartcommune.site.models import Endpoint, Site, SiteHost
from smartcommune.site.names import check_names, make_domain
from smartcommune.site.networks import ZONE_PREFIX, choose_routers, describe_networks, make_networks
from smartcommune.site.options import add_profile_settings, make_service
from smartcommune.site.placement import place_services
from smartcommune.site.rules import Rules, list_tables, make_rules
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Catalogue
    from smartcommune.profile.communes import OfficialCommune
    from smartcommune.profile.loaded import LoadedProfile
    from smartcommune.profile.models import Targets
    from smartcommune.site.province import Province


def compile_site(loaded: LoadedProfile, catalogue: Catalogue, province: Province, target: str) -> Site:
    """Return the Site of a valid profile on one of its targets.

    Raises SiteErrors with every conflict, each naming the places that disagree, and UsageError for another target.
    """
    if target not in targets_of(loaded):
        known, name = ", ".join(targets_of(loaded)), loaded.name
        raise UsageError(
            Text(vi=f"hồ sơ {name} không có đích «{target}»", en=f"profile {name} has no target «{target}»"),
            todo=Text(vi=f"chọn: {known}", en=f"choose: {known}"),
        )
    profile = loaded.profile
    official = load_official()[profile.commune.code]
    draft = Draft(loaded, catalogue, province, target)
    draft.standing = list_hosts(draft)
    make_networks(draft)
    place_services(draft)
    choose_routers(draft)
    place_hosts(draft)
    add_profile_settings(draft)
    domain = make_domain(draft, official)
    endpoints = make_endpoints(draft, domain)
    check_names(draft, domain, endpoints)
    zones = tuple(zone for network in draft.networks.values() for zone in network.zones.values())
    devices = make_devices(draft, zones, domain)
    rules = make_rules(draft, devices)
    hosts = tuple(_make_host(draft, host, domain, endpoints, rules) for host in draft.hosts.values())
    if draft.faults:
        raise SiteErrors(draft.faults)
    return Site(
        schema=SCHEMA_VERSION,
        profile=loaded.name,
        commune=_describe(loaded, official),
        target=target,
        level=profile.level,
        domain=domain,
        link=profile.link.model_dump(),
        zones=zones,
        hosts=hosts,
        endpoints=endpoints,
        grants=make_grants(draft),
        secrets=make_secrets(draft),
        peers=rules.common,
        province=province.data.model_dump(include={"mirror", "mail_relay"}),
        settings=tuple(draft.settings),
        sites=describe_networks(draft),
        devices=devices,
    )


def targets_of(loaded: LoadedProfile) -> tuple[str, ...]:
    """Return the profile's targets in the order they are written; the first one is the default."""
    targets: Targets = loaded.profile.targets
    present = [name for name in type(targets).model_fields if getattr(targets, name) is not None]
    return tuple(sorted(present, key=lambda name: loaded.position(("targets", name))[1:]))


def _describe(loaded: LoadedProfile, official: OfficialCommune) -> dict[str, object]:
    commune = loaded.profile.commune
    return {
        "code": commune.code,
        "name": commune.name,
        "province_code": official.province_code,
        "province": official.province,
        "pilot": commune.pilot,
        "languages": list(commune.languages),
    }


def _make_host(
    draft: Draft,
    placed: DraftHost,
    domain: str,
    endpoints: tuple[Endpoint, ...],
    rules: Rules,
) -> SiteHost:
    host = draft.loaded.profile.hosts[placed.name]
    fqdn = f"{placed.name}.{domain}"
    return SiteHost(
        name=placed.name,
        kind=host.kind,
        site=host.site,
        zone=placed.zone.name,
        address=placed.address,
        prefix_length=ZONE_PREFIX,
        gateway=gateway_of(placed),
        fqdn=fqdn,
        names=(fqdn, *(endpoint.name for endpoint in endpoints if endpoint.host == placed.name)),
        memory=host.memory,
        disk=host.disk,
        services=tuple(make_service(draft, placement) for placement in draft.on(placed.name)),
        inbound=rules.inbound[placed.name],
        outbound=rules.outbound[placed.name],
        sources=placed.sources,
        connection=connection_of(draft, placed.name),
        interfaces=make_interfaces(draft, placed),
        forward=rules.forward.get(placed.name, ()),
        firewall_tables=list_tables(draft, placed),
        peers=rules.peers[placed.name],
    )
