"""Hand-made Sites for tests of targets: no profile, no catalogue, just hosts, zones and secrets."""

from __future__ import annotations

from dataclasses import replace

from smartcommune.site.models import Connection, Interface, SecretNeed, Site, SiteHost, Source, Zone

ZONES = ("wan", "edge", "office", "server", "wifi", "sensor", "management")
HOST_SOURCE = Source("commune_profiles/test.yml", 7, "hosts.server-1")
SECRET_SOURCE = Source("roles/shop/meta/service.yml", 12, "secrets.0")
MIB = 1024**2


def with_router(site: Site) -> Site:
    """Return ``site`` with a host ``gateway-1`` that routes between all of its zones."""
    zones = tuple(replace(zone, router=None if zone.name == "wan" else "gateway-1") for zone in site.zones)
    links = [Interface(zone.name, zone.gateway if zone.router else f"{zone.gateway}0", 24, zone.name) for zone in zones]
    links.sort(key=lambda link: link.zone != "edge")
    router = replace(
        site.hosts[0],
        name="gateway-1",
        kind="gateway",
        zone="edge",
        address=links[0].address,
        gateway=zones[0].gateway,
        fqdn=f"gateway-1.{site.domain}",
        names=(f"gateway-1.{site.domain}",),
        interfaces=tuple(links),
    )
    return replace(site, zones=zones, hosts=(*site.hosts, router))


def make_site(
    profile: str = "test",
    *,
    hosts: int = 2,
    block: int = 99,
    memory: int = 512 * MIB,
    password_length: int = 24,
    target: str = "lab",
    connections: dict[str, Connection] | None = None,
) -> Site:
    """Return a Site of ``hosts`` servers in 10.``block``.0.0/21; server-1 also has the bare domain."""
    zones = tuple(Zone(name, f"10.{block}.{at}.0/24", f"10.{block}.{at}.1") for at, name in enumerate(ZONES))
    domain = "test.example"

    def host(number: int) -> SiteHost:
        name = f"server-{number}"
        fqdn = f"{name}.{domain}"
        return SiteHost(
            name=name,
            kind="server",
            site="ubnd",
            zone="server",
            address=f"10.{block}.3.{9 + number}",
            prefix_length=24,
            gateway=f"10.{block}.3.1",
            fqdn=fqdn,
            names=(fqdn, domain) if number == 1 else (fqdn,),
            memory=memory,
            disk=10 * 1024 * MIB,
            services=(),
            inbound=(),
            outbound=(),
            sources=(HOST_SOURCE,),
            connection=(connections or {}).get(name),
            interfaces=(Interface("server", f"10.{block}.3.{9 + number}", 24, "host0"),),
        )

    def secret(name: str, kind: str, length: int) -> SecretNeed:
        return SecretNeed(f"server-1/shop/{name}", "server-1", "shop", name, kind, length, (SECRET_SOURCE,))  # type: ignore[arg-type]

    return Site(
        schema=1,
        profile=profile,
        commune={"code": "01969", "name": "Phủ Thông"},
        target=target,
        level=2,
        domain=domain,
        link={},
        zones=zones,
        hosts=tuple(host(number) for number in range(1, hosts + 1)),
        endpoints=(),
        grants=(),
        secrets=(secret("admin_password", "password", password_length), secret("django_key", "token", 50)),
        peers={},
        province={},
        settings=(),
    )
