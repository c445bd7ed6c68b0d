"""Placing: spread services, companions, providers that were chosen, what consumers need of them; room and conflicts."""

from __future__ import annotations

import pytest

from smartcommune.converge.inventory import build as build_inventory
from smartcommune.targets.outputs import HostOutput, KeyPair, Outputs
from tests.unit.small_commune import SmallCommune

ROLES = {
    "passage": """
component: infrastructure
kinds: [gateway]
spread: true
memory: 300 MiB
provides: [routing]
transit: [{from: [office], to: wan, purpose: NOTE}]
firewall_tables: [commune_passage, bridge commune_wires]
""",
    "store": "component: foundation\nprovides: [database]\nremote: {database: 5432}\n",
    "vault": "component: infrastructure\nmemory: 1 GiB\nprovides: [vault]\nremote: {vault: 8000}\n",
    "copy": """
component: infrastructure
kinds: [server, gateway]
accompanies: vault
memory: 200 MiB
requires: [{capability: vault, name: copies, needs: {folders: [/srv]}}]
options:
  hour: {type: integer, default: 2, example: 3, title: NOTE, description: NOTE}
  plan: {type: file, example: plan.txt, title: NOTE, description: NOTE}
""",
    "readings": """
component: services
requires: [{capability: database, name: readings, needs: {extensions: [timescaledb]}}, {capability: cooled}]
""",
    "cooler": """
component: services
provides: [cooled]
remote: {cooled: 1}
options: {degrees: {type: integer, required: true, example: 4, title: NOTE, description: NOTE}}
""",
}
PROFILE = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts:
  server-1: {kind: server, site: ubnd}
  server-2: {kind: server, site: ubnd, memory: 1 GiB}
  gateway-1: {kind: gateway, site: ubnd, memory: 512 MiB}
components:
  infrastructure:
    passage: {}
    vault: {}
"""


@pytest.fixture
def commune(tmp_path):
    """A commune with a vault on its first server."""
    (tmp_path / "plan.txt").write_text("x\n", encoding="utf-8")
    return SmallCommune(tmp_path, ROLES, PROFILE)


def on(site, service):
    """Return the hosts of a service."""
    return [host.name for host in site.hosts if service in {each.name for each in host.services}]


def variables(site):
    """Return the host variables of a Site whose machines all stand."""
    hosts = {host.name: HostOutput(host.name, host.address, 22, "commune", "A") for host in site.hosts}
    secrets = {need.id: f"secret of {need.id}" for need in site.secrets}
    return build_inventory(site, Outputs(hosts, secrets, KeyPair("A", "B"), "ROOT", {}))["_meta"]["hostvars"]


def test_a_companion_goes_wherever_it_may(commune):
    """Choosing the vault puts its companion on every machine, for the vault's line and its own."""
    site = commune.build()
    copy = site.host("gateway-1").service("copy")

    assert on(site, "vault") == ["server-1"]
    assert on(site, "copy") == ["server-1", "server-2", "gateway-1"]
    assert [source.key for source in copy.sources] == ["components.infrastructure.vault", "accompanies"]


def test_no_leader_no_companion(commune):
    """Without the vault there is no copy."""
    assert on(commune.build(("    vault: {}\n", "")), "copy") == []


def test_a_companion_takes_options_and_machines_from_the_profile(commune):
    """What is written for it holds on each of its hosts; a written list of hosts is all of them."""
    everywhere = commune.build(("vault: {}", "vault: {}\n    copy: {hour: 4}"))
    pinned = commune.build(("vault: {}", "vault: {}\n    copy: {hour: 4, host: [server-2]}"))

    assert {host.service("copy").options["hour"] for host in everywhere.hosts} == {4}
    assert on(pinned, "copy") == ["server-2"]


def test_what_a_companion_needs_is_chosen_with_it(commune):
    """A copy alone brings the vault that it cannot do without."""
    site = commune.build(("vault: {}", "copy: {host: gateway-1}"))

    assert (on(site, "copy"), on(site, "vault")) == (["gateway-1"], ["server-1"])


def test_consumers_use_the_provider_that_was_chosen(commune):
    """A vault on the second server serves the first one too, over the network and by password."""
    site = commune.build(("memory: 1 GiB", "memory: 2 GiB"), ("vault: {}", "vault: {host: server-2}"))

    assert on(site, "vault") == ["server-2"]
    assert {grant.provider_host for grant in site.grants} == {"server-2"}
    assert [grant.secret for grant in site.grants if grant.consumer_host == "server-1"] == [
        "server-1/copy/vault_password"
    ]


def test_each_copy_of_a_service_takes_room(commune):
    """A companion counts on every host that it is put on."""
    (fault,) = commune.faults(("memory: 512 MiB", "memory: 400 MiB"))

    assert (fault.code, fault.key) == ("no-memory", "hosts.gateway-1.memory")
    assert [other.text.en for other in fault.related] == ["passage: 300 MiB", "copy: 200 MiB"]


def test_a_provider_with_required_options_must_be_chosen(commune):
    """It cannot be pulled in by itself; the fault says what to add."""
    (fault,) = commune.faults(("  infrastructure:", "  services: {readings: {}}\n  infrastructure:"))
    site = commune.build(("  infrastructure:", "  services: {readings: {}, cooler: {degrees: 4}}\n  infrastructure:"))

    assert (fault.code, fault.line) == ("not-chosen", 9)
    assert "services.cooler" in fault.todo.en
    assert on(site, "cooler") == ["server-1"]


def test_a_provider_learns_what_its_consumers_need(commune, tmp_path):
    """A grant carries needs, the consumer's options with absolute paths, its name and its nearest address."""
    site = commune.build(("vault: {}", "vault: {}\n    copy: {plan: plan.txt}"))
    grants = {grant["consumer_host"]: grant for grant in variables(site)["server-1"]["vault_grants"]}
    gateway = grants["gateway-1"]

    assert gateway["needs"] == {"folders": ["/srv"]}
    assert gateway["options"] == {"hour": 2, "plan": str(tmp_path / "plan.txt")}
    assert gateway["consumer_fqdn"] == "gateway-1.phuthong.thainguyen.gov.vn"
    assert (gateway["consumer_address"], gateway["password"]) == (
        "10.20.3.1",
        "secret of gateway-1/copy/vault_password",
    )
    assert variables(site)["gateway-1"]["copy_vault"]["address"] == "10.20.3.10"


def test_host_variables_tell_a_router_and_its_neighbours(commune):
    """Interfaces, matrix, tables of its own, sites; and each host knows the router by the address beside it."""
    known = variables(commune.build())
    router, server = known["gateway-1"], known["server-2"]

    assert router["commune_host"]["router"]
    assert router["commune_host"]["firewall_tables"] == ["bridge commune_wires", "inet commune_passage"]
    assert router["commune_host"]["interfaces"][0] == {
        "zone": "edge",
        "address": "10.20.1.1",
        "prefix_length": 24,
        "name": "edge",
    }
    assert {
        "from_zone": "office",
        "source": "10.20.2.0/24",
        "to_zone": "wan",
        "destination": "0.0.0.0/0",
        "protocol": "any",
        "ports": [],
        "service": "passage",
    } in router["commune_host"]["forward"]
    assert (server["commune_host"]["router"], server["commune_host"]["forward"]) == (False, [])
    assert server["commune"]["zones"]["server"] == {
        "prefix": "10.20.3.0/24",
        "gateway": "10.20.3.1",
        "router": "gateway-1",
    }
    assert server["commune"]["sites"]["ubnd"]["router"]["wan_address"] == "10.20.0.10"
    addresses = {name: {each["name"]: each["address"] for each in known[name]["commune"]["hosts"]} for name in known}
    assert addresses["server-2"] == {"server-1": "10.20.3.10", "server-2": "10.20.3.11", "gateway-1": "10.20.3.1"}
    assert addresses["gateway-1"]["gateway-1"] == "10.20.1.1"
