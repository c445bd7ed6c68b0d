"""Compiling: zones and addresses, placement, order, firewall, grants, names, reasons; and what cannot be built."""

from __future__ import annotations

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.errors import ProvinceErrors, SiteErrors, UsageError
from smartcommune.profile.loader import load_profile
from smartcommune.site.compile import compile_site, targets_of
from smartcommune.site.models import to_json
from smartcommune.site.province import load_province

NOTE = "{vi: Thử, en: Trial}"
ROLES = {
    "base": """
component: foundation
everywhere: true
kinds: [server, gateway]
memory: 128 MiB
ports: [{port: 22, zones: [management], administration: true, purpose: NOTE}]
egress:
  - {peer: mirror, port: 3142, purpose: NOTE}
  - {peer: gateway, port: 123, protocol: udp, purpose: NOTE}
options:
  hour: {type: integer, default: 2, example: 2, title: NOTE, description: NOTE}
""",
    "store": """
component: foundation
provides: [database]
memory: 512 MiB
remote: {database: 5432}
""",
    "web": """
component: foundation
kinds: [server, gateway]
provides: [web]
ports: [{port: 443, zones: [wan, office], purpose: NOTE}]
endpoints: [{name: "", title: NOTE, description: NOTE}]
""",
    "shop": """
component: production
requires: [{capability: database, name: shop}, {capability: web}]
memory: 384 MiB
disk: 2 GiB
endpoints: [{name: cua-hang, socket: /run/shop.sock, title: NOTE, description: NOTE}]
secrets: [{name: key, kind: token, length: 64, purpose: NOTE}]
""",
    "sensors": """
component: infrastructure
kinds: [gateway]
requires: [{capability: database, name: sensors}]
""",
    "second_web": """
component: services
ports: [{port: 443, zones: [wan], purpose: NOTE}]
""",
}
PROFILE = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts:
  server-1: {kind: server, site: ubnd, memory: 2 GiB}
  server-2: {kind: server, site: ubnd}
  gateway-1: {kind: gateway, site: ubnd}
components:
  production:
    shop: {}
targets:
  existing:
    hosts:
      server-1: {address: 10.20.3.50}
      gateway-1: {address: 192.0.2.7, port: 2222}
  lab: {}
"""
PROVINCE = "schema: 1\nmirror: {address: 10.9.9.9, port: 8080}\n"


@pytest.fixture
def build(tmp_path):
    """A function that compiles a changed profile with the small catalogue of this module."""
    for name, text in ROLES.items():
        (tmp_path / "roles" / name / "meta").mkdir(parents=True)
        entry = f"name: {name}\ntitle: NOTE\npurpose: NOTE{text}".replace("NOTE", NOTE)
        (tmp_path / "roles" / name / "meta" / "service.yml").write_text(entry, encoding="utf-8")
    catalogue = load_catalogue(tmp_path / "roles")

    def compiled(*edits, target="lab", province=PROVINCE):
        text = PROFILE
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "profile.yml").write_text(text, encoding="utf-8")
        (tmp_path / "province.yml").write_text(province, encoding="utf-8")
        loaded = load_profile(tmp_path / "profile.yml", catalogue)
        return compile_site(loaded, catalogue, load_province(tmp_path / "province.yml"), target)

    return compiled


def conflicts(build, *edits, **options):
    """Return the faults of a Site that cannot be built."""
    with pytest.raises(SiteErrors) as caught:
        build(*edits, **options)
    caught.value.render("vi")
    return caught.value.errors


def test_equal_input_gives_equal_bytes(build):
    """Compilation is a pure function."""
    assert to_json(build()) == to_json(build())


def test_zones_and_addresses_follow_the_block(build):
    """Zones are /24s in order, hosts stand in their kind's zone from .10, gateways on .1."""
    site = build(("commune: {", "network: {block: 172.16.8.0/21}\ncommune: {"))

    assert [zone.prefix for zone in site.zones[:4]] == [
        "172.16.8.0/24",
        "172.16.9.0/24",
        "172.16.10.0/24",
        "172.16.11.0/24",
    ]
    assert [(host.name, host.zone, host.address) for host in site.hosts] == [
        ("server-1", "server", "172.16.11.10"),
        ("server-2", "server", "172.16.11.11"),
        ("gateway-1", "edge", "172.16.9.10"),
    ]
    assert site.hosts[0].gateway == "172.16.11.1"


def test_a_host_stands_in_the_zone_it_names(build):
    """A zone that is written wins over the kind's."""
    site = build(("server-2: {kind: server,", "server-2: {kind: server, zone: office,"))

    assert site.host("server-2").address == "10.20.2.10"


def test_services_stand_on_the_first_host_of_their_kind_in_converge_order(build):
    """Foundation first, providers before consumers and beside them; hosts without need get none."""
    site = build()

    assert [service.name for service in site.host("server-1").services] == ["base", "store", "web", "shop"]
    assert [service.name for service in site.host("server-2").services] == ["base"]
    assert [service.name for service in site.host("gateway-1").services] == ["base"]


def test_a_service_can_be_pinned(build):
    """``host:`` puts a service, and what it requires, on another machine; it is no option of the role."""
    site = build(("shop: {}", "shop: {host: server-2}"))

    assert [service.name for service in site.host("server-2").services] == ["base", "store", "web", "shop"]
    assert "host" not in site.host("server-2").services[-1].options


def test_on_one_host_no_password_is_needed(build):
    """Provider and consumer on one host use peer credentials."""
    grants = build().grants

    assert [(grant.capability, grant.name, grant.provider, grant.secret) for grant in grants] == [
        ("database", "shop", "store", None),
        ("web", None, "web", None),
    ]


def test_over_the_network_a_grant_has_a_password_and_two_firewall_rules(build):
    """A consumer on another host is let in by its address only, and has a secret of its own."""
    site = build(("  production:", "  infrastructure:\n    sensors: {}\n  production:"))
    grant = next(grant for grant in site.grants if grant.consumer == "sensors")
    inbound = next(rule for rule in site.host("server-1").inbound if rule.port == 5432)
    outbound = next(rule for rule in site.host("gateway-1").outbound if rule.port == 5432)

    assert grant.secret == "gateway-1/sensors/database_password"
    assert grant.secret in {secret.id for secret in site.secrets}
    assert (inbound.zones, inbound.addresses) == ((), ("10.20.1.10",))
    assert (outbound.address, outbound.peer) == ("10.20.3.10", "server-1")


def test_the_firewall_opens_what_services_declare(build):
    """Inbound by zones, outbound to peers only; the lab's mirror is the gateway of the host's own zone."""
    host = build().host("server-1")

    assert [(rule.port, rule.zones) for rule in host.inbound] == [(22, ("management",)), (443, ("wan", "office"))]
    assert [(rule.peer, rule.address, rule.port) for rule in host.outbound] == [
        ("mirror", "10.20.3.1", 3142),
        ("gateway", "10.20.3.1", 123),
    ]


def test_names_follow_the_decree(build):
    """tenxa.tentinh.gov.vn in ASCII; endpoints below it; the certificate's names are the host's own."""
    site = build()

    assert site.domain == "phuthong.thainguyen.gov.vn"
    assert [endpoint.name for endpoint in site.endpoints] == [site.domain, f"cua-hang.{site.domain}"]
    assert site.host("server-1").names == (f"server-1.{site.domain}", site.domain, f"cua-hang.{site.domain}")


@pytest.mark.parametrize(
    ("edits", "province", "domain"),
    [
        ([("name: Phủ Thông", "name: Phủ Thông, domain: xa.example.vn")], PROVINCE, "xa.example.vn"),
        ([], PROVINCE + 'domains: {"01969": tinh.example.vn}\n', "tinh.example.vn"),
    ],
)
def test_the_domain_can_be_set(edits, province, domain, build):
    """The profile's domain wins over the province's, which wins over the rule."""
    assert build(*edits, province=province).domain == domain


def test_secrets_have_names_and_reasons(build):
    """A secret is known by host, service and name, and by who asked for it."""
    (secret,) = build().secrets

    assert (secret.id, secret.kind, secret.length) == ("server-1/shop/key", "token", 64)
    assert [(source.file.rpartition("/")[2], source.key) for source in secret.sources] == [
        ("service.yml", "secrets.0"),
        ("profile.yml", "components.production.shop"),
        ("service.yml", "shop"),
    ]


def test_every_thing_has_its_lines(build):
    """Hosts, services, rules, endpoints, grants, secrets and settings name at least one line."""
    site = build()
    things = [*site.hosts, *site.endpoints, *site.grants, *site.secrets, *site.settings]
    for host in site.hosts:
        things += [*host.services, *host.inbound, *host.outbound]

    for thing in things:
        assert thing.sources
        assert all(source.file and source.line >= 1 for source in thing.sources)


def test_settings_tell_written_from_default(build):
    """Each value says whether it was written and where; defaults name the line of the model or of the role."""
    settings = {setting.key: setting for setting in build().settings}

    assert settings["hosts.server-1.memory"].origin == "written"
    assert settings["hosts.server-2.memory"].origin == "default"
    assert settings["hosts.server-2.memory"].sources[0].file == "src/smartcommune/profile/models.py"
    assert settings["base.hour"].sources[0].file.endswith("roles/base/meta/service.yml")
    assert settings["domain"].origin == "derived"


def test_foundation_options_reach_every_host(build):
    """An option under ``foundation`` applies wherever the service stands."""
    site = build(("components:", "foundation: {base: {hour: 4}}\ncomponents:"))

    assert {host.services[0].options["hour"] for host in site.hosts} == {4}


def test_the_first_target_written_is_the_default(build, tmp_path):
    """Targets keep the order of the file; another name is wrong use."""
    build()
    loaded = load_profile(tmp_path / "profile.yml", load_catalogue(tmp_path / "roles"))

    assert targets_of(loaded) == ("existing", "lab")
    with pytest.raises(UsageError):
        build(target="cloud")


def test_machines_that_stand_keep_their_address(build):
    """On ``existing`` only listed hosts count; an address in the zone is kept, one from elsewhere only connects."""
    site = build(target="existing")

    assert [(host.name, host.address) for host in site.hosts] == [
        ("server-1", "10.20.3.50"),
        ("gateway-1", "10.20.1.10"),
    ]
    assert site.host("gateway-1").connection.port == 2222
    assert site.host("server-1").outbound[0].address == "10.9.9.9"
    assert site.peers["mirror"] == {"address": "10.9.9.9", "port": 8080}


def test_administration_comes_in_on_the_port_of_the_profile(build):
    """The machine's own SSH port is let in, for the reason of the profile's line; the others keep the usual one."""
    site = build(target="existing")
    (rule,) = site.host("gateway-1").inbound

    assert (rule.port, rule.zones, rule.service) == (2222, ("management",), "base")
    assert (rule.sources[0].line, rule.sources[0].key) == (15, "targets.existing.hosts.gateway-1.port")
    assert [rule.port for rule in site.host("server-1").inbound] == [22, 443]
    assert [rule.port for rule in build(target="lab").host("gateway-1").inbound] == [22]


def test_an_administration_port_that_a_service_wants_is_told(build):
    """SSH on the port of the web is a conflict of the profile's line with the service."""
    edit = ("{address: 10.20.3.50}", "{address: 10.20.3.50, port: 443}")
    (fault,) = conflicts(build, edit, target="existing")

    assert (fault.code, fault.found.en) == ("port-clash", "tcp/443")
    assert (14, "base") in [(other.line, other.text.en) for other in fault.related]


def test_without_a_mirror_machines_that_stand_cannot_be_built(build):
    """Hosts do not reach the Internet: the province's file is told, once."""
    (fault,) = conflicts(build, target="existing", province="schema: 1\n")

    assert fault.code == "no-mirror"
    assert fault.file.endswith("province.yml")


def test_a_full_zone_is_told_at_the_first_host_too_many(build):
    """A zone's /24 has addresses for 245 hosts; one more is a conflict, not an address that does not exist."""
    many = "".join(f"  more-{number}: {{kind: server, site: ubnd}}\n" for number in range(243))
    site = build(("  gateway-1: {kind", f"{many}  gateway-1: {{kind"))
    assert site.host("more-242").address == "10.20.3.254"

    (fault,) = conflicts(
        build, ("  gateway-1: {kind", f"{many}  last: {{kind: server, site: ubnd}}\n  gateway-1: {{kind")
    )
    assert (fault.code, fault.key) == ("zone-full", "hosts.last")


def test_a_province_of_a_fraction_of_a_version_is_refused(build):
    """The version is a whole number here too."""
    with pytest.raises(ProvinceErrors) as caught:
        build(province="schema: 1.0\n")

    assert [(fault.line, fault.code) for fault in caught.value.errors] == [(1, "wrong-value")]


def test_too_little_memory_is_told_with_figures_and_both_places(build):
    """The host's line, what it has, what is needed, and each service's share."""
    (fault,) = conflicts(build, ("memory: 2 GiB", "memory: 900 MiB"))

    assert (fault.code, fault.line) == ("no-memory", 5)
    assert (fault.found.en, fault.expected.en) == ("it has 900 MiB", "at least 1 GiB")
    assert [other.text.en for other in fault.related] == ["store: 512 MiB", "shop: 384 MiB", "base: 128 MiB"]


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("shop: {}", "shop: {host: gateway-1}")], "no-host"),
        ([("  server-2:", "  cua-hang:")], "name-clash"),
        ([("kind: server", "kind: gateway")], "no-host"),
        ([("  production:", "  services:\n    second_web: {}\n  production:")], "port-clash"),
    ],
)
def test_what_does_not_fit_is_told(edits, code, build):
    """A machine of the wrong kind, none at all, and two services on one port are conflicts with both places."""
    faults = conflicts(build, *edits)

    assert {fault.code for fault in faults} == {code}
    assert all(fault.related for fault in faults)


def test_an_address_in_another_zone_is_told(build):
    """A machine that stands in another zone than declared would get the wrong firewall."""
    (fault,) = conflicts(build, ("10.20.3.50", "10.20.2.50"), target="existing")

    assert (fault.code, fault.line) == ("wrong-zone", 14)
    assert "zone: office" in fault.todo.en


SWITCH = "switch-1: {platform: huawei_vrp, role: access_switch, site: ubnd"
ROUTER = "router-1: {platform: frr, role: router, site: ubnd"


def test_devices_stand_in_their_zone_from_200(build):
    """A device without an address takes the next one that nobody wrote down; a trunk carries the commune's zones."""
    text = f"devices:\n  {SWITCH}}}\n  {ROUTER}, address: 10.20.6.201}}\n  {SWITCH.replace('-1', '-2')}}}\ntargets:"
    site = build(("targets:", text))

    assert [device.address for device in site.devices] == ["10.20.6.200", "10.20.6.201", "10.20.6.202"]
    assert next((vlan.number, vlan.zone) for vlan in site.device("switch-1").vlans) == (101, "edge")
    assert site.device("switch-1").vlan == 106
    assert [need.id for need in site.secrets if need.host == "switch-1"] == ["switch-1/device/password"]
    assert not [need for need in site.secrets if need.host == "router-1"]


@pytest.mark.parametrize(
    ("address", "code"),
    [("10.20.3.9", "device-zone"), ("10.20.6.1", "address-taken"), ("10.20.2.210", "device-zone")],
)
def test_a_device_has_an_address_of_its_zone_that_is_free(build, address, code):
    """An address outside the zone, or one that is taken, is told at the device's line."""
    faults = conflicts(build, ("targets:", f"devices:\n  {SWITCH}, address: {address}}}\ntargets:"))

    assert [(fault.code, fault.line) for fault in faults] == [(code, 12)]


def test_access_points_share_the_key_of_a_wireless_network(build):
    """The key of a wireless network is one secret for all that offer it; an open one has none."""
    ap = "platform: mikrotik_routeros, role: access_point, site: ubnd"
    ssids = "ssids: {UBND xã: {zone: office}, Wi-Fi xã: {zone: wifi, security: open}}"
    site = build(("targets:", f"devices:\n  ap-1: {{{ap}, {ssids}}}\n  ap-2: {{{ap}, {ssids}}}\ntargets:"))

    assert [need.id for need in site.secrets if need.host == "wifi"] == ["wifi/device/ubnd-xa"]
    assert [(ssid.slug, ssid.vlan, ssid.secret) for ssid in site.device("ap-2").ssids] == [
        ("ubnd-xa", 102, "wifi/device/ubnd-xa"),
        ("wi-fi-xa", 104, None),
    ]
