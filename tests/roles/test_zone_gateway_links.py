"""The links of a real gateway: from the table that ``docs/gateway.md`` shows to all of networkd's files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, init_plugin_loader
from ansible.template import Templar, trust_as_template

from smartcommune.site.devices import VLANS

CHECKOUT = Path(__file__).resolve().parents[2]
ROLE = CHECKOUT / "roles" / "zone_gateway"
WANS = ("wan", "wan2")
ZONES = ("wan", "edge", "office", "server", "wifi", "sensor", "management", "wan2")


def trusted(value: Any) -> Any:
    """Return a value whose texts Ansible takes as templates, as it does with a role's own files."""
    if isinstance(value, dict):
        return {key: trusted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [trusted(each) for each in value]
    return trust_as_template(value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def links() -> list[dict[str, Any]]:
    """The table of the document, with every column, as the toolkit hands it to the role."""
    (block,) = re.findall(r"```yaml\n(.*?)```", (CHECKOUT / "docs/gateway.md").read_text(encoding="utf-8"), re.DOTALL)
    rows = yaml.safe_load(block)["components"]["infrastructure"]["zone_gateway"]["links"]
    return [dict.fromkeys(("host", "vlan"), None) | row for row in rows]


@pytest.fixture(scope="module")
def files(links: list[dict[str, Any]]) -> dict[str, str]:
    """The files by name, rendered from the role's own variables."""
    init_plugin_loader()
    filter_loader.add_directory(str(ROLE / "filter_plugins"))
    interfaces = [
        {"zone": zone, "address": f"10.20.{number}.{10 if zone in WANS else 1}", "prefix_length": 24, "name": zone}
        for number, zone in enumerate(ZONES)
    ]
    zones = {
        each["zone"]: {"prefix": f"10.20.{number}.0/24", "gateway": f"10.20.{number}.1"}
        for number, each in enumerate(interfaces)
    }
    variables = trusted(yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))) | {
        "ansible_managed": "managed",
        "ansible_search_path": [str(ROLE)],
        "inventory_hostname": "gateway-1",
        "commune": {"zones": zones, "sites": {"ubnd": {"link": {"down": 30_000_000, "up": 10_000_000}}}},
        "commune_host": {"interfaces": interfaces, "site": "ubnd"},
        "__zone_gateway_shown": {"stdout": json.dumps([{"ifname": row["interface"]} for row in links])},
        "zone_gateway_links": links,
        "zone_gateway_staff": [],
    }
    rendered = Templar(loader=DataLoader(), variables=variables).template(variables["__zone_gateway_network_files"])
    return {Path(path).name: text for path, text in rendered.items()}


def settings(text: str) -> dict[str, dict[str, list[str]]]:
    """Return the settings of a file of networkd by section and key; a key may stand several times."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


def test_each_zone_has_its_link(links: list[dict[str, Any]], files: dict[str, str]) -> None:
    """A tagged zone is a VLAN with its number, any other a bridge, and each bears the zone's name."""
    for row in links:
        device = settings(files[f"05-commune-{row['zone']}.netdev"])
        assert device["NetDev"]["Name"] == [row["zone"]]
        if row["vlan"]:
            assert (device["NetDev"]["Kind"], device["VLAN"]["Id"]) == (["vlan"], [str(row["vlan"])])
        else:
            assert device["NetDev"]["Kind"] == ["bridge"]


def test_ports_carry_their_zones(files: dict[str, str]) -> None:
    """The trunk carries its VLANs, a port of one zone is in that zone's bridge, and no port has an address."""
    ports = {
        name.removeprefix("05-commune-port-").removesuffix(".network"): settings(text)["Network"]
        for name, text in files.items()
        if name.startswith("05-commune-port-")
    }

    assert {name: (each.get("VLAN"), each.get("Bridge")) for name, each in ports.items()} == {
        "enp1s0": (None, ["wan"]),
        "enp2s0": (["edge", "office", "server", "wifi", "sensor"], None),
        "enp3s0": (None, ["management"]),
        "enx0c5b8f279a64": (None, ["wan2"]),
    }
    assert not any({"Address", "DHCP"} & each.keys() for each in ports.values())


def test_addresses(files: dict[str, str]) -> None:
    """Inner zones have the Site's addresses; the WANs take the operator's, the main one before the spare."""
    networks = {zone: settings(files[f"05-commune-{zone}.network"]) for zone in ZONES}

    for number, zone in enumerate(ZONES):
        expected = None if zone in WANS else [f"10.20.{number}.1/24"]
        assert networks[zone]["Network"].get("Address") == expected
    assert [networks[zone]["Network"]["DHCP"] for zone in WANS] == [["ipv4"], ["ipv4"]]
    assert [networks[zone]["DHCPv4"]["RouteMetric"] for zone in WANS] == [["100"], ["200"]]


def test_no_link_has_ipv6(files: dict[str, str]) -> None:
    """No zone and no port makes itself an IPv6 address, or takes one."""
    for name, text in files.items():
        if name.endswith(".network"):
            network = settings(text)["Network"]
            assert (network["LinkLocalAddressing"], network["IPv6AcceptRA"]) == (["no"], ["no"])


def test_the_document_has_the_switches_vlans(links: list[dict[str, Any]]) -> None:
    """The numbers that the document shows are those that switches and access points have on their trunks."""
    assert {row["zone"]: row["vlan"] for row in links if row["vlan"]}.items() <= dict(VLANS).items()
