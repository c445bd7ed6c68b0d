"""Explaining the Site: by host, port, name, secret and value, with the lines that asked for each."""

from __future__ import annotations

import pytest

from smartcommune.errors import UsageError
from smartcommune.site import load_site
from smartcommune.site.explain import KINDS, explain
from tests.unit.small_commune import SmallCommune


@pytest.fixture(scope="module")
def site():
    """The pilot that the demo shows."""
    return load_site("vi-huong")


def test_everything_is_explained(site):
    """Each kind of thing occurs, and each explanation names a line."""
    items = explain(site)

    assert {item.kind for item in items} | {"forward", "device"} == set(KINDS)
    assert all(item.sources for item in items)


def test_a_port_leads_to_role_and_profile(site):
    """Port 443 is there because of the reverse proxy, which is there because of the shop."""
    (item,) = [item for item in explain(site, "443") if item.kind == "inbound"]

    files = [source.file for source in item.sources]
    assert files[0] == "roles/reverse_proxy/meta/service.yml"
    assert "commune_profiles/vi-huong.yml" in files


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("server-1", "host"),
        ("cooperative_shop", "grant"),
        ("cua-hang.phuthong.thainguyen.gov.vn", "name"),
        ("server-1/cooperative_shop/django_key", "secret"),
        ("django_key", "secret"),
        ("tcp/22", "inbound"),
        ("hosts.server-1", "setting"),
        ("domain", "setting"),
        ("management", "inbound"),
        ("10.20.3.10", "interface"),
        ("truy-xuat", "name"),
    ],
)
def test_things_are_found_by_what_people_call_them(what, kind, site):
    """Hosts, services, names, secrets, ports and keys of values are all ways to ask."""
    assert kind in {item.kind for item in explain(site, what)}


def test_rules_of_a_router_rows_and_devices_are_explained(tmp_path):
    """A rule is found by its zones and ports, a row by its key, a device by its name, each with its lines."""
    roles = {
        "passage": """
component: infrastructure
kinds: [gateway]
provides: [routing]
transit: [{from: [office], to: sensor, protocol: tcp, ports: [502], purpose: NOTE}]
options:
  sensors:
    type: table
    key: id
    columns: {id: {type: string, example: a, title: NOTE, description: NOTE}}
    example: [{id: a}]
    title: NOTE
    description: NOTE
"""
    }
    profile = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts: {gateway-1: {kind: gateway, site: ubnd}}
devices: {switch-1: {platform: cisco_ios, role: access_switch, site: ubnd}}
components:
  infrastructure:
    passage:
      sensors:
        - {id: ao-1}
        - {id: ao-2}
"""
    site = SmallCommune(tmp_path, roles, profile).build()
    (rule,) = explain(site, "502")
    (row,) = explain(site, "ao-2")

    assert rule.text() == "gateway-1: office 10.20.2.0/24 → sensor 10.20.5.0/24: tcp/502 passage"
    assert [source.line for source in rule.sources[:2]] == [7, 8]
    assert (row.value, row.sources[0].line) == ({"id": "ao-2"}, 11)
    assert "device" in {item.kind for item in explain(site, "switch-1")}


def test_an_unknown_thing_suggests_a_near_one(site):
    """A mistyped word is answered with the nearest one."""
    with pytest.raises(UsageError) as caught:
        explain(site, "sever-1")

    assert "server-1" in caught.value.todo.en
