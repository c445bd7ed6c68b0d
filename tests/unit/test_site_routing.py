"""Routers: interfaces, peers, and the matrix of what they let pass within a site and between sites."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartcommune.profile.network import ZONES
from smartcommune.site.models import to_json
from tests.unit.small_commune import SmallCommune

ROLES = {
    "base": """
component: foundation
everywhere: true
kinds: [server, gateway]
ports: [{port: 22, zones: [management], administration: true, purpose: NOTE}]
egress:
  - {peer: mirror, port: 3142, purpose: NOTE}
  - {peer: gateway, port: 123, protocol: udp, purpose: NOTE}
  - {peer: mail_relay, port: 25, purpose: NOTE}
  - {peer: resolver, port: 53, protocol: udp, purpose: NOTE}
""",
    "passage": """
component: infrastructure
kinds: [gateway]
spread: true
provides: [routing, resolver]
firewall_tables: [commune_passage]
ports: [{port: 53, protocol: udp, zones: [edge, office, server, management], local: true, purpose: NOTE}]
egress: [{peer: internet, port: 443, purpose: NOTE}]
transit:
  - {from: [office, wifi], to: wan, purpose: NOTE}
  - {from: [office], to: sensor, protocol: tcp, ports: [502, 80], purpose: NOTE}
""",
    "store": "component: foundation\nprovides: [database]\nremote: {database: 5432}",
    "web": """
component: foundation
provides: [web]
ports: [{port: 443, zones: [wan, office, wifi, server], purpose: NOTE}]
endpoints: [{name: "", title: NOTE, description: NOTE}]
""",
    "shop": """
component: production
requires: [{capability: database, name: shop, needs: {extensions: [postgis]}}, {capability: web}]
egress: [{peer: internet, port: 443, purpose: NOTE}]
""",
    "readings": """
component: infrastructure
ports: [{port: 8883, zones: [edge, sensor], purpose: NOTE}]
""",
    "sensors": """
component: infrastructure
kinds: [gateway]
requires: [{capability: database, name: sensors}]
""",
    "watch": "component: infrastructure\negress: [{peer: devices, port: 161, protocol: udp, purpose: NOTE}]",
    "resolver_too": """
component: services
kinds: [gateway]
ports: [{port: 53, protocol: udp, zones: [wifi], purpose: NOTE}]
""",
}
PROFILE = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts:
  server-1: {kind: server, site: ubnd}
  pc-1: {kind: server, site: ubnd, zone: office}
  gateway-1: {kind: gateway, site: ubnd}
components:
  production: {shop: {}}
  infrastructure:
    passage: {}
targets:
  lab: {}
  existing:
    hosts:
      server-1: {address: 10.20.3.50}
      gateway-1: {address: 10.20.6.1}
"""
SITES = (
    "\nhosts:\n",
    "\nsites:\n  ubnd: {}\n  tram: {block: 10.30.0.0/21, link: {down: 5 Mbit/s, up: 1 Mbit/s, rtt: 90 ms}}\nhosts:\n",
)
OTHERS = (
    "\ncomponents:",
    "\n  server-2: {kind: server, site: tram}\n  gateway-2: {kind: gateway, site: tram}\ncomponents:",
)
TWO_SITES = (SITES, OTHERS, ("passage: {}", "passage: {host: [gateway-1, gateway-2]}"))
NO_ROUTER = ("    passage: {}\n", "    readings: {}\n")


@pytest.fixture
def commune(tmp_path):
    """A commune with one router."""
    return SmallCommune(tmp_path, ROLES, PROFILE)


def matrix(site, router="gateway-1"):
    """Return a router's rules as short texts."""
    return [
        f"{rule.from_zone} {rule.source} > {rule.to_zone} {rule.destination} "
        f"{rule.protocol}/{','.join(map(str, rule.ports)) or 'all'} {rule.service}"
        for rule in site.host(router).forward
    ]


def test_without_a_router_everything_is_as_it_was(commune):
    """A gateway host alone is an ordinary host of zone edge, and nothing is forwarded."""
    site = commune.build(NO_ROUTER)
    gateway = site.host("gateway-1")

    assert (gateway.zone, gateway.address, gateway.gateway) == ("edge", "10.20.1.10", "10.20.1.1")
    assert [link.name for link in gateway.interfaces] == ["host0"]
    assert not gateway.is_router
    assert {host.forward for host in site.hosts} == {()}
    assert {zone.router for zone in site.zones} == {None}
    assert site.peers == {"mirror": {"address": "gateway", "port": 3142}, "mail_relay": None, "resolver": None}


def test_a_router_stands_in_every_zone(commune):
    """It has the gateway's address in the inner zones, .10 beside the operator, whose .1 is its own way out."""
    site = commune.build()
    router = site.host("gateway-1")

    assert [(link.zone, link.name, link.address) for link in router.interfaces] == [
        ("edge", "edge", "10.20.1.1"),
        ("wan", "wan", "10.20.0.10"),
        *((zone, zone, f"10.20.{index}.1") for index, zone in enumerate(ZONES) if zone not in {"wan", "edge", "wan2"}),
        ("wan2", "wan2", "10.20.7.10"),
    ]
    assert (router.zone, router.address, router.gateway) == ("edge", "10.20.1.1", "10.20.0.1")
    assert {zone.name: zone.router for zone in site.zones} == dict.fromkeys(ZONES, "gateway-1") | {
        "wan": None,
        "wan2": None,
    }
    assert site.host("server-1").gateway == "10.20.3.1"
    assert router.firewall_tables == ("inet commune_passage",)


def test_peers_are_what_each_host_reaches(commune):
    """Behind a router the lab's mirror is on the operator's side, and the router answers for names, itself first."""
    site = commune.build()

    assert site.peers["mirror"] == {"address": "10.20.0.1", "port": 3142}
    assert site.peers["resolver"] == {"address": "gateway", "port": 53}
    assert site.host("server-1").peers["resolver"] == {"address": "10.20.3.1", "port": 53}
    assert site.host("gateway-1").peers["resolver"] == {"address": "127.0.0.1", "port": 53}
    assert {rule.address for rule in site.host("server-1").outbound} == {"10.20.0.1", "10.20.3.1", "0.0.0.0/0"}
    assert {rule.address for rule in site.host("gateway-1").outbound} == {"10.20.0.1", "0.0.0.0/0"}


def test_the_matrix_is_what_hosts_and_transit_ask_for(commune):
    """Every rule, in the order of zones; hosts of one zone, and the router itself, need none."""
    assert matrix(commune.build()) == [
        "wan 0.0.0.0/0 > server 10.20.3.10 tcp/443 web",
        "office 10.20.2.0/24 > wan 0.0.0.0/0 any/all passage",
        "office 10.20.2.10 > wan 10.20.0.1 tcp/3142 base",
        "office 10.20.2.0/24 > server 10.20.3.10 tcp/443 web",
        "office 10.20.2.0/24 > sensor 10.20.5.0/24 tcp/80,502 passage",
        "server 10.20.3.10 > wan 0.0.0.0/0 tcp/443 shop",
        "server 10.20.3.10 > wan 10.20.0.1 tcp/3142 base",
        "wifi 10.20.4.0/24 > wan 0.0.0.0/0 any/all passage",
        "wifi 10.20.4.0/24 > server 10.20.3.10 tcp/443 web",
        "management 10.20.6.0/24 > office 10.20.2.10 tcp/22 base",
        "management 10.20.6.0/24 > server 10.20.3.10 tcp/22 base",
    ]


def test_sensors_are_asked_in_the_zone_of_their_site(tmp_path):
    """The peer «sensors» is the zone sensor of the host's own site; from another zone the router lets it pass."""
    roles = ROLES | {"asker": "component: infrastructure\negress: [{peer: sensors, port: 502, purpose: NOTE}]"}
    site = SmallCommune(tmp_path, roles, PROFILE).build(("passage: {}", "passage: {}\n    asker: {host: server-1}"))

    assert ("sensors", "10.20.5.0/24", 502) in [
        (rule.peer, rule.address, rule.port) for rule in site.host("server-1").outbound
    ]
    assert "server 10.20.3.10 > sensor 10.20.5.0/24 tcp/502 asker" in matrix(site)


def test_every_rule_names_its_lines(commune):
    """A forward rule has the lines of the catalogue and of the profile that asked for it."""
    rules = commune.build().host("gateway-1").forward
    (transit,) = [rule for rule in rules if rule.to_zone == "sensor"]

    assert all(source.line > 0 and source.file for rule in rules for source in rule.sources)
    assert [source.key for source in transit.sources[:2]] == ["transit.1", "components.infrastructure.passage"]


def test_what_lies_beyond_the_wan_comes_in_only_through_a_router(commune):
    """A service for zone wan is for the whole Internet where a router lets it in, else for the zone's own prefix."""

    def web(site):
        return next(rule for rule in site.host("server-1").inbound if rule.port == 443)

    assert web(commune.build()).outside
    assert not web(commune.build(NO_ROUTER)).outside
    assert web(commune.build(NO_ROUTER)).prefixes == ("10.20.0.0/24", "10.20.2.0/24", "10.20.4.0/24", "10.20.3.0/24")


def test_a_router_is_known_by_its_nearest_address(commune):
    """A service on the router speaks to another host from that host's own zone, and is let in from there."""
    site = commune.build(("passage: {}", "passage: {}\n    sensors: {}\n    readings: {}"))
    database, broker = (
        next(rule for rule in site.host("server-1").inbound if rule.port == port) for port in (5432, 8883)
    )
    grant = next(each for each in site.grants if each.consumer == "sensors")

    assert database.addresses == broker.addresses == ("10.20.3.1",)
    assert (grant.consumer_address, grant.provider_address) == ("10.20.3.1", "10.20.3.10")
    assert not [rule for rule in site.host("gateway-1").forward if rule.ports == (5432,)]


def test_two_sites_are_joined_by_the_vpn(commune):
    """What a zone of the other site may reach goes out at its router and comes in at the host's, as VPN."""
    site = commune.build(*TWO_SITES)

    assert [(place.name, place.block, place.router, place.link["down"]) for place in site.sites] == [
        ("ubnd", "10.20.0.0/21", "gateway-1", 30_000_000),
        ("tram", "10.30.0.0/21", "gateway-2", 5_000_000),
    ]
    assert site.host("server-2").address == "10.30.3.10"
    assert [zone.site for zone in site.zones] == ["ubnd"] * 8 + ["tram"] * 8
    assert "office 10.30.2.0/24 > vpn 10.20.3.10 tcp/443 web" in matrix(site, "gateway-2")
    assert "vpn 10.30.2.0/24 > server 10.20.3.10 tcp/443 web" in matrix(site)
    assert not [rule for rule in matrix(site) if "vpn 0.0.0.0/0" in rule]
    assert "10.30.2.0/24" in next(rule for rule in site.host("server-1").inbound if rule.port == 443).prefixes
    assert site.host("server-2").peers["mirror"]["address"] == "10.30.0.1"


def test_a_grant_over_the_vpn_is_one_way_on_both_routers(commune):
    """A database for a service on the other site passes both routers, from that host only."""
    site = commune.build(*TWO_SITES, ("    passage:", "    sensors: {host: gateway-2}\n    passage:"), ("shop: {}", ""))

    assert [rule for rule in matrix(site) if "5432" in rule] == []
    grant = next(each for each in site.grants if each.consumer == "sensors")
    assert grant.provider_host == "server-2"


def test_a_provider_that_was_chosen_is_used_where_it_stands(tmp_path):
    """A consumer elsewhere gets no second one, but the way there, through both routers if need be."""
    roles = ROLES | {
        "vault": "component: infrastructure\nprovides: [vault]\nremote: {vault: 8000}\n",
        "copy": "component: infrastructure\naccompanies: vault\nrequires: [{capability: vault, name: x}]\n",
    }
    commune = SmallCommune(tmp_path, roles, PROFILE)
    site = commune.build(*TWO_SITES, ("    passage:", "    vault: {host: server-1}\n    passage:"))

    assert [host.name for host in site.hosts if "vault" in {each.name for each in host.services}] == ["server-1"]
    assert [host.name for host in site.hosts if "copy" in {each.name for each in host.services}] == [
        "server-1",
        "pc-1",
        "server-2",
    ]
    assert "office 10.20.2.10 > server 10.20.3.10 tcp/8000 vault" in matrix(site)
    assert "vpn 10.30.3.10 > server 10.20.3.10 tcp/8000 vault" in matrix(site)
    assert "server 10.30.3.10 > vpn 10.20.3.10 tcp/8000 vault" in matrix(site, "gateway-2")


def test_devices_are_peers(commune):
    """A service that watches devices may start connections to each of them, and the router lets them pass."""
    devices = "\ndevices:\n  switch-1: {platform: cisco_ios, role: access_switch, site: ubnd}\nhosts:\n"
    site = commune.build(("\nhosts:\n", devices), ("    passage", "    watch: {}\n    passage"))

    assert [rule.address for rule in site.host("server-1").outbound if rule.peer == "devices"] == ["10.20.6.200"]
    assert "server 10.20.3.10 > management 10.20.6.200 udp/161 watch" in matrix(site)


def test_a_machine_that_stands_keeps_its_address_and_a_router_has_its_own(commune):
    """On ``existing`` the toolkit reaches a router by any of its addresses; the mirror is the province's."""
    site = commune.build(target="existing")

    assert site.host("server-1").address == "10.20.3.50"
    assert site.host("gateway-1").address == "10.20.1.1"
    assert "server 10.20.3.50 > wan 10.9.9.9 tcp/8080 base" in matrix(site)


@pytest.mark.parametrize(
    ("edits", "target", "code", "key"),
    [
        ([("{address: 10.20.6.1}", "{address: 10.20.6.7}")], "existing", "router-address", "gateway-1.address"),
        ([("kind: gateway, site", "kind: gateway, zone: office, site")], "lab", "router-zone", "gateway-1.zone"),
        (
            [OTHERS, TWO_SITES[-1]],
            "lab",
            "two-routers",
            "passage",
        ),
        ([("  production:", "  services: {resolver_too: {}}\n  production:")], "lab", "port-clash", ""),
        ([*TWO_SITES, ("block: 10.30.0.0/21", "block: 10.20.0.0/21")], "lab", "blocks-overlap", "sites.tram.block"),
        ([*TWO_SITES, ("block: 10.30.0.0/21, ", "")], "lab", "no-block", "sites.tram.block"),
        (
            [
                *TWO_SITES,
                ("ubnd: {}", "ubnd: {block: 10.40.0.0/21}"),
                ("\nlink", "\nnetwork: {block: 10.20.8.0/21}\nlink"),
            ],
            "lab",
            "two-blocks",
            "sites.ubnd.block",
        ),
        (
            [*TWO_SITES, ("server-2: {kind: server, site: tram", "server-2: {kind: server, site: trm")],
            "lab",
            "unknown-site",
            "hosts.server-2.site",
        ),
        ([*TWO_SITES, ("rtt: 90 ms", "rtt: 90 min")], "lab", "too-slow", "sites.tram.link.rtt"),
        ([*TWO_SITES, ("  tram:", "  Trạm:"), ("site: tram", "site: ubnd")], "lab", "site-name", "sites.Trạm"),
    ],
)
def test_what_cannot_be_routed_is_told(edits, target, code, key, commune):
    """Two routers of one network, a wrong address or zone, one port twice, blocks that overlap: each at its line."""
    faults = commune.faults(*edits, target=target)

    assert {fault.code for fault in faults} == {code}
    assert key in faults[0].key


def test_sites_without_routers_cannot_share_a_service(commune):
    """A service of one site that needs one of another is told, since nothing joins them."""
    alone = ("  server-2: {kind: server, site: tram}\n", "")
    (fault,) = commune.faults(SITES, OTHERS, alone, NO_ROUTER, ("readings: {}", "sensors: {host: gateway-2}"))

    assert fault.code == "sites-not-joined"
    assert "gateway-2" in fault.message.en


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ZONES), st.sampled_from(["ubnd", "tram"])), max_size=6))
def test_rules_are_sound_wherever_hosts_stand(commune, places):
    """Whatever stands where: equal bytes, no address twice, no rule within a zone, from elsewhere or unexplained."""
    hosts = "".join(
        f"  more-{index}: {{kind: server, site: {site}, zone: {zone}}}\n" for index, (zone, site) in enumerate(places)
    )
    edits = (*TWO_SITES, ("\ncomponents:", f"\n{hosts}components:"))
    site = commune.build(*edits)
    addresses = [link.address for host in site.hosts for link in host.interfaces]

    assert to_json(site) == to_json(commune.build(*edits))
    assert len(set(addresses)) == len(addresses)
    for host in site.hosts:
        prefixes = {zone.name: ipaddress.ip_network(zone.prefix) for zone in site.zones_of(host.site).values()}
        for rule in host.forward:
            assert host.is_router
            assert rule.sources
            assert rule.from_zone != rule.to_zone
            source = ipaddress.ip_network(rule.source)
            if rule.from_zone == "vpn":
                assert not any(source.subnet_of(prefix) for prefix in prefixes.values())
            elif rule.from_zone not in {"wan", "wan2"}:
                assert source.subnet_of(prefixes[rule.from_zone])
