"""The inventory of a Site: groups, host variables, grants, and where secrets are and are not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from smartcommune import paths
from smartcommune.converge.inventory import build
from smartcommune.redaction import MASK, mask, redact, secret_values
from smartcommune.site import load_site
from smartcommune.site.models import Connection, SecretNeed
from smartcommune.targets import pki
from smartcommune.targets.outputs import Authority, HostOutput, KeyPair, Outputs
from tests.device_samples import make_device

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleS1saW5l\n-----END OPENSSH PRIVATE KEY-----\n"


def certificate(name):
    """Return a certificate with the subject of a host's authority."""
    return pki.issue_root(f"{name} issuing CA", "Phủ Thông", now=datetime(2026, 11, 25, tzinfo=UTC)).certificate


@pytest.fixture(scope="module")
def site():
    """The pilot commune in the lab."""
    return load_site("vi-huong", "lab")


def outputs_of(site):
    """Return outputs of a commune that stands, with a canary in every secret."""
    return Outputs(
        hosts={host.name: HostOutput(host.name, host.address, 22, "commune", "ssh-ed25519 A") for host in site.hosts},
        secrets={need.id: f"canary-{need.id}" for need in site.secrets},
        ssh=KeyPair("ssh-ed25519 PUBLIC", KEY),
        ca_certificate="ROOT",
        authorities={host.name: Authority(certificate(host.name), f"canary-ca-{host.name}") for host in site.hosts},
    )


@pytest.fixture(scope="module")
def outputs(site):
    """Outputs of the pilot commune."""
    return outputs_of(site)


@pytest.fixture(scope="module")
def variables(site, outputs):
    """Host variables by host."""
    return build(site, outputs)["_meta"]["hostvars"]


def test_groups_name_services_zones_sites_and_kinds(site, outputs):
    """A host is in the groups of its services, zone, site and kind, and in commune."""
    inventory = build(site, outputs)

    assert inventory["commune"]["hosts"] == ["server-1", "gateway-1"]
    assert inventory["postgresql"]["hosts"] == inventory["zone_server"]["hosts"] == ["server-1"]
    assert inventory["kind_gateway"]["hosts"] == ["gateway-1"]
    assert inventory["site_ubnd"]["hosts"] == ["server-1", "gateway-1"]


def test_a_host_that_does_not_stand_is_left_out(site, outputs):
    """Only hosts with outputs are in the inventory."""
    partial = Outputs({"server-1": outputs.hosts["server-1"]}, {}, outputs.ssh, "ROOT", {})

    assert build(site, partial)["commune"]["hosts"] == ["server-1"]


def test_a_host_knows_the_port_of_its_ssh_server(site, outputs):
    """The lab's machines have the usual port, one that already stands has the profile's."""
    standing = replace(site.hosts[0], connection=Connection("192.0.2.7", 2222, "admin"))
    hosts = build(replace(site, hosts=(standing, *site.hosts[1:])), outputs)["_meta"]["hostvars"]

    assert [each["commune_host"]["ssh_port"] for each in hosts.values()] == [2222, 22]


def test_a_host_knows_the_authorities_of_all(site, outputs):
    """Each machine of the commune is told with the subject that certificates of its own are issued by; or with none."""
    standing = build(site, outputs)["_meta"]["hostvars"]["server-1"]["commune"]["hosts"]
    absent = build(site, replace(outputs, authorities={}))["_meta"]["hostvars"]["server-1"]["commune"]["hosts"]

    assert [each["authority"] for each in standing] == [
        f"CN={host.name} issuing CA,O=Phủ Thông,C=VN" for host in site.hosts
    ]
    assert [each["authority"] for each in absent] == [None for _ in site.hosts]


def test_services_come_in_the_sites_order(site, variables):
    """The play goes through a host's services as the Site placed them."""
    assert variables["server-1"]["commune_services"] == [service.name for service in site.host("server-1").services]
    assert "postgresql" in variables["server-1"]["commune_services_with_backup"]
    assert "base" not in variables["server-1"]["commune_services_with_backup"]


def test_a_host_knows_titles_and_units_of_its_services(variables):
    """Each service of the host is told with its title and the unit that shows its health."""
    server = variables["server-1"]
    told = {each["name"]: each for each in server["commune_host"]["services"]}

    assert list(told) == server["commune_services"]
    assert told["reverse_proxy"]["unit"] == "nginx.service"
    assert told["reverse_proxy"]["title"]["en"] == "Web entrance"


def test_a_host_learns_how_its_data_are_saved(variables):
    """Each service's steps reach the host; what is saved for each consumer has a step with each grant's name."""
    saves = variables["server-1"]["commune_saves"]

    assert saves["cooperative_shop"][0]["file"] == "media.tar"
    assert {step["command"][-1] for step in saves["postgresql"]} == {"cooperative_shop", "traceability"}
    assert set(saves) == set(variables["server-1"]["commune_services_with_backup"])
    assert set(variables["gateway-1"]["commune_saves"]) == {"zone_gateway", "wifi_gateway"}


def test_peers_of_a_site_without_a_router():
    """The mirror of the lab is each zone's gateway; a name server or a relay that nobody named is none."""
    site = load_site("quang-tho", "lab")
    variables = build(site, outputs_of(site))["_meta"]["hostvars"]
    for host in site.hosts:
        peers = variables[host.name]["commune"]["peers"]
        assert peers == {"mirror": {"address": host.gateway, "port": 3142}, "mail_relay": None, "resolver": None}


def test_peers_of_a_site_with_a_router(site, variables):
    """The lab's mirror is on the operator's side, the name server is the router; a relay that nobody named is none."""
    operator = next(zone.gateway for zone in site.zones if zone.name == "wan")
    for host in site.hosts:
        peers = variables[host.name]["commune"]["peers"]
        resolver = {"address": "127.0.0.1" if host.name == "gateway-1" else host.gateway, "port": 53}
        assert peers == {"mirror": {"address": operator, "port": 3142}, "mail_relay": None, "resolver": resolver}


def test_a_local_grant_needs_no_password(variables):
    """Provider and consumer learn of each other; on one machine no password exists."""
    grant = next(each for each in variables["server-1"]["postgresql_grants"] if each["consumer"] == "cooperative_shop")

    assert (grant["name"], grant["local"], grant["password"]) == ("cooperative_shop", True, None)
    assert variables["server-1"]["cooperative_shop_database"]["host"] == "server-1"
    assert variables["server-1"]["cooperative_shop_database"]["password"] is None


def test_the_proxy_learns_the_endpoints_behind_it(variables):
    """A web grant carries its consumer's endpoints, without the lines that asked for them."""
    grants = variables["server-1"]["reverse_proxy_grants"]

    assert [each["endpoints"][0]["service"] for each in grants] == [each["consumer"] for each in grants]
    assert "sources" not in json.dumps(grants)


def test_files_are_absolute_paths(variables):
    """An option that names a file is a path on this computer."""
    assert variables["server-1"]["cooperative_shop_products"] == str(
        paths.checkout() / "commune_profiles" / "data" / "vi-huong" / "products.csv"
    )


def test_a_host_gets_its_own_secrets_only(site, outputs, variables):
    """No secret of one host is among another host's variables."""
    for host in site.hosts:
        text = json.dumps(variables[host.name])
        foreign = [outputs.secrets[need.id] for need in site.secrets if need.host != host.name]
        foreign += [each.private_key for name, each in outputs.authorities.items() if name != host.name]
        assert [value for value in foreign if value in text] == []


def test_masking_leaves_no_secret(site, outputs):
    """What ansible-inventory shows has no secret in it; the search finds them in what it masks."""
    inventory = build(site, outputs)
    shown = json.dumps(mask(inventory, outputs))

    assert "canary" in json.dumps(inventory)
    assert "canary" not in shown
    assert "c2VjcmV0LWtleS1saW5l" not in shown
    assert MASK in shown


def test_lines_of_keys_are_taken_out_of_output(outputs):
    """A key that a program prints line by line is hidden all the same."""
    assert redact("x c2VjcmV0LWtleS1saW5l y", secret_values(outputs)) == f"x {MASK} y"


def test_who_asks_devices_gets_their_keys_and_nobody_else(site, outputs):
    """A host whose services poll devices gets the SNMPv3 keys of these, not their passwords; others get nothing."""
    poller = site.host("server-1")
    switch = make_device("huawei_vrp", name="switch-1", pollers=(poller.address,))
    names = ("password", "snmp_auth", "snmp_priv")
    needs = tuple(
        SecretNeed(f"switch-1/device/{name}", "switch-1", "device", name, "password", 24, ()) for name in names
    )
    polled = replace(site, devices=(switch,), secrets=(*site.secrets, *needs))
    more = replace(outputs, secrets={**outputs.secrets, **{need.id: f"canary-{need.name}" for need in needs}})
    hosts = build(polled, more)["_meta"]["hostvars"]

    assert hosts["server-1"]["commune_device_secrets"] == {
        "switch-1": {"snmp_auth": "canary-snmp_auth", "snmp_priv": "canary-snmp_priv"}
    }
    assert "commune_device_secrets" not in hosts["gateway-1"]
    assert hosts["gateway-1"]["commune"]["devices"][0]["name"] == "switch-1"
    assert {"canary-snmp_auth", "canary-snmp_priv"} <= set(secret_values(more))
