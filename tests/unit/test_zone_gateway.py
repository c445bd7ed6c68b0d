"""The gateway's filters and its watch over the links: what they make of the Site, and what they refuse."""

from __future__ import annotations

import base64
import importlib.util
import json
import struct
import sys
from pathlib import Path
from types import ModuleType

import pytest
from ansible.errors import AnsibleFilterError
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

ROLE = Path(__file__).resolve().parents[2] / "roles" / "zone_gateway"
SECRET = "a" * 48
ZONES = {
    "wan": {"prefix": "10.20.0.0/24", "gateway": "10.20.0.1"},
    "office": {"prefix": "10.20.2.0/24", "gateway": "10.20.2.1"},
    "management": {"prefix": "10.20.6.0/24", "gateway": "10.20.6.1"},
    "wan2": {"prefix": "10.20.7.0/24", "gateway": "10.20.7.1"},
}
INTERFACES = [
    {"zone": "wan", "address": "10.20.0.10", "prefix_length": 24, "name": "wan"},
    {"zone": "office", "address": "10.20.2.1", "prefix_length": 24, "name": "office"},
    {"zone": "management", "address": "10.20.6.1", "prefix_length": 24, "name": "management"},
    {"zone": "wan2", "address": "10.20.7.10", "prefix_length": 24, "name": "wan2"},
]
LINK = {"down": 30_000_000, "up": 10_000_000, "rtt": 60}


def load(path: str) -> ModuleType:
    """Return a Python file of the role as a module."""
    spec = importlib.util.spec_from_file_location(f"zone_gateway_{Path(path).stem}", ROLE / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


filters = load("filter_plugins/zone_gateway.py")
uplinks = load("files/usr/local/lib/commune/uplinks.py")
relinking = load("files/usr/local/lib/commune/links.py")


def test_links_follow_the_site_where_the_profile_lays_none():
    """In the lab each zone has its link, the WANs their operator's gateway, metric and the profile's rates."""
    links = {link["zone"]: link for link in filters.gateway_links(INTERFACES, [], ZONES, LINK)}

    assert list(links) == ["wan", "office", "management", "wan2"]
    assert links["office"]["address"] == "10.20.2.1/24"
    assert "gateway" not in links["office"]
    assert (links["wan"]["gateway"], links["wan"]["metric"], links["wan"]["up_kbit"]) == ("10.20.0.1", 100, 10_000)
    assert (links["wan2"]["gateway"], links["wan2"]["metric"], links["wan2"]["down_kbit"]) == ("10.20.7.1", 200, 30_000)


def test_links_of_a_trunk():
    """On a real machine only the zones that the profile lays on a port are there, with VLANs and their own rates."""
    rows = [
        {"zone": "wan", "interface": "enp1s0", "method": "dhcp", "down_mbit": 0.5},
        {"zone": "office", "interface": "enp2s0", "vlan": 20},
        {"zone": "management", "interface": "enp2s0"},
    ]
    links = filters.gateway_links(INTERFACES, rows, ZONES, LINK)

    assert [link["name"] for link in links] == ["wan", "office", "management"]
    assert (links[0]["address"], links[0]["gateway"], links[0]["down_kbit"]) == (None, None, 500)
    assert filters.gateway_ports(links) == [
        {"name": "enp1s0", "vlans": [], "bridge": "wan"},
        {"name": "enp2s0", "vlans": ["office"], "bridge": "management"},
    ]


def test_a_real_gateways_table_is_rehearsed_in_the_lab():
    """Where links bear the zones' names, the table tells which zones there are and their rates, and no more."""
    rows = [
        {"zone": "wan", "interface": "enp1s0", "method": "dhcp", "down_mbit": 0.5},
        {"zone": "management", "interface": "enp2s0", "vlan": 106},
    ]
    links = filters.gateway_links(INTERFACES, rows, ZONES, LINK, named=True)

    assert [link["name"] for link in links] == ["wan", "management"]
    assert (links[0]["address"], links[0]["gateway"], links[0]["down_kbit"]) == ("10.20.0.10/24", "10.20.0.1", 500)
    assert filters.gateway_ports(links) == []


@pytest.mark.parametrize(
    ("links", "named"),
    [
        ([{"ifname": "lo"}, {"ifname": "management", "linkinfo": {"info_kind": "veth"}}], True),
        ([{"ifname": "management"}], True),
        ([{"ifname": "management", "linkinfo": {"info_kind": "bridge"}}, {"ifname": "enp1s0"}], False),
        ([{"ifname": "management", "linkinfo": {"info_kind": "vlan"}}, {"ifname": "enp1s0"}], False),
        ([{"ifname": "enp1s0"}], False),
    ],
)
def test_links_that_the_role_made_do_not_count_as_named(links, named):
    """Bridges and VLANs with the zones' names are the role's own."""
    assert filters.has_zone_links(json.dumps(links)) is named


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"zone": "office", "interface": "a"}, {"zone": "office", "interface": "b"}], "stands twice"),
        ([{"zone": "office", "interface": "a"}, {"zone": "wan", "interface": "a"}], "untagged"),
        ([{"zone": "office", "interface": "a", "vlan": 2}, {"zone": "wan", "interface": "a", "vlan": 2}], "VLAN"),
        ([{"zone": "office", "vlan": 2}], "port"),
        ([{"zone": "office", "interface": "wan"}], "rename the port"),
        ([{"zone": "office", "interface": "a", "method": "dhcp"}], "wan and wan2"),
        ([{"zone": "wan", "interface": "a", "method": "static", "address": "203.0.113.2/24"}], "gateway"),
    ],
)
def test_links_that_contradict_each_other_are_refused(rows, words):
    """A table of links that no machine can have is refused with the reason."""
    with pytest.raises(AnsibleFilterError, match=words):
        filters.gateway_links(INTERFACES, rows, ZONES, LINK)


def test_shares():
    """The profile's shares take the place of the built-in ones, and more than the whole is refused."""
    built_in = [{"zone": "office", "percent": 40, "number": 2}, {"zone": "wifi", "percent": 20, "number": 4}]

    assert filters.link_shares(built_in, [{"zone": "wifi", "percent": 10}]) == [
        {"zone": "office", "percent": 40, "number": 2},
        {"zone": "wifi", "percent": 10, "number": 4},
    ]
    with pytest.raises(AnsibleFilterError, match="105 percent"):
        filters.link_shares(built_in, [{"zone": "wifi", "percent": 60}])


def test_keys_of_two_routers_agree():
    """Both ends of a tunnel come to one secret, each knowing the other's public key alone."""
    keys = [X25519PrivateKey.from_private_bytes(base64.b64decode(filters.wireguard_private_key(s * 48))) for s in "ab"]
    public = [X25519PublicKey.from_public_bytes(base64.b64decode(filters.wireguard_public_key(s * 48))) for s in "ab"]

    assert keys[0].exchange(public[1]) == keys[1].exchange(public[0])
    private = base64.b64decode(filters.wireguard_private_key(SECRET))
    assert (private[0] & 7, private[31] & 192) == (0, 64)
    with pytest.raises(AnsibleFilterError, match="43"):
        filters.wireguard_private_key("short")


def test_peers():
    """Another site is reached at its WAN, through its inner zones only; a person has one address and no endpoint."""
    site = {"router": {"host": "gateway-2", "wan_address": "10.21.0.10"}, "zones": ZONES}
    staff = [{"name": "ky-thuat", "public_key": "k=", "address": "10.20.6.230"}]
    peers = filters.vpn_peers([site], {"gateway-2": SECRET}, [], staff)
    named = filters.vpn_peers([site], {"gateway-2": SECRET}, [{"host": "gateway-2", "endpoint": "vpn.example.vn"}], [])

    assert peers[0]["prefixes"] == ["10.20.2.0/24", "10.20.6.0/24"]
    assert (peers[0]["endpoint"], named[0]["endpoint"]) == ("10.21.0.10", "vpn.example.vn")
    assert peers[0]["public_key"] == filters.wireguard_public_key(SECRET)
    assert (peers[1]["prefixes"], peers[1]["endpoint"]) == (["10.20.6.230/32"], None)
    assert SECRET not in json.dumps(peers)


def test_pools_leave_machines_out():
    """An address of a machine is never given to a client."""
    taken = ["10.20.2.10", "10.20.2.100", "10.20.2.150", "10.20.2.199", "10.20.3.120"]

    assert filters.address_pools("10.20.2.0/24", taken) == ["10.20.2.101 - 10.20.2.149", "10.20.2.151 - 10.20.2.198"]
    assert filters.address_pools("10.20.2.0/24", []) == ["10.20.2.100 - 10.20.2.199"]


def test_subnets_carry_what_other_services_need():
    """Each zone has its own gateway as router, name server and clock; a need of a service comes on top."""
    links = filters.gateway_links(INTERFACES, [], ZONES, LINK)[1:2]
    needs = [{"zone": "office", "lease_seconds": 600, "options": [{"name": "v4-captive-portal", "data": "https://x/"}]}]
    reserved = [{"zone": "office", "mac": "00:1b:a9:12:34:56", "address": "10.20.2.200", "name": "may-in"}]
    (subnet,) = filters.dhcp_subnets(links, needs, [], reserved)

    assert {each["name"]: each["data"] for each in subnet["option-data"]} == {
        "routers": "10.20.2.1",
        "domain-name-servers": "10.20.2.1",
        "ntp-servers": "10.20.2.1",
        "v4-captive-portal": "https://x/",
    }
    assert subnet["valid-lifetime"] == 600
    assert subnet["reservations"][0]["ip-address"] == "10.20.2.200"
    assert "valid-lifetime" not in filters.dhcp_subnets(links, [], [], [])[0]


def test_names():
    """Machines, their web addresses and reserved clients have names; a name of two machines has two addresses."""
    hosts = [
        {"fqdn": "server-1.x.vn", "names": ["server-1.x.vn", "shop.x.vn"], "address": "10.20.3.10"},
        {"fqdn": "server-2.x.vn", "names": ["shop.x.vn"], "address": "10.20.3.11"},
    ]
    rows = filters.numbered([{"name": "may-in", "zone": "office", "number": 200}], ZONES)

    assert filters.host_names(hosts, rows, "x.vn") == {
        "server-1.x.vn": ["10.20.3.10"],
        "shop.x.vn": ["10.20.3.10", "10.20.3.11"],
        "server-2.x.vn": ["10.20.3.11"],
        "may-in.x.vn": ["10.20.2.200"],
    }


def test_blocked_names_from_every_format():
    """Plain names, hosts files and policy zones give the same: names, each once, in small letters."""
    text = """
    # plain
    Bad.example
    0.0.0.0 ads.example tracker.example  # hosts
    ::1 localhost
    127.0.0.1 localhost
    $TTL 300
    @ SOA localhost. root.localhost. 1 2 3 4 5
    @ IN NS localhost.
    evil.example CNAME .
    *.evil.example IN CNAME .   ; policy zone
    """

    assert filters.blocked_names(text) == ["ads.example", "bad.example", "evil.example", "tracker.example"]


@pytest.mark.parametrize("line", ["two words", "https://x.example/", "nodot", "a b c"])
def test_a_line_that_is_no_name_is_refused(line):
    """A filter list with something else in it is refused with the line, not taken in part."""
    with pytest.raises(AnsibleFilterError, match="line 2"):
        filters.blocked_names(f"good.example\n{line}")


def test_the_shipped_list_is_read():
    """The role's own list has its test name, and only names."""
    names = filters.blocked_names((ROLE / "files/filter/names.txt").read_text(encoding="utf-8"))

    assert "bi-chan.example" in names
    assert len(names) > 5


LIMITS = {"failures": 3, "successes": 2}


def test_a_link_dies_after_silences_in_a_row_and_lives_after_answers_in_a_row():
    """One lost answer changes nothing; the state turns only after enough of the same."""
    link = uplinks.Uplink("wan", [], alive=True)
    turns = [uplinks.note(link, LIMITS, answered=answered) for answered in (False, False, True, False, False, False)]

    assert turns == [False, False, False, False, False, True]
    assert not link.alive
    assert [uplinks.note(link, LIMITS, answered=answered) for answered in (True, False, True, True)] == [False] * 3 + [
        True
    ]
    assert link.alive


def test_what_is_seen_first_is_believed():
    """A watcher that starts while a link is dead does not first count it as alive."""
    link, other = uplinks.Uplink("wan", []), uplinks.Uplink("wan2", [])

    assert uplinks.note(link, LIMITS, answered=False)
    assert not link.alive
    assert not uplinks.note(other, LIMITS, answered=True)
    assert other.alive


def test_the_first_link_that_lives_is_taken():
    """The order of the links decides; when none lives, it stays with the first."""
    first, second = uplinks.Uplink("wan", [], alive=True), uplinks.Uplink("wan2", [], alive=True)

    assert uplinks.choose([first, second]) is first
    first.alive = False
    assert uplinks.choose([first, second]) is second
    second.alive = False
    assert uplinks.choose([first, second]) is first


def test_only_answers_to_what_was_asked_count():
    """A reply of another address, of another question, or another kind of packet is no sign of life."""
    request = uplinks.echo_request(7)
    reply = b"\x45" + bytes(19) + struct.pack("!BBH", 0, 0, 0) + request[4:]
    asked = {"targets": ["192.0.2.1"], "ping": True}

    assert uplinks.checksum(request) == 0
    assert uplinks.is_answer(reply, "192.0.2.1", 7, **asked)
    assert not uplinks.is_answer(reply, "192.0.2.2", 7, **asked)
    assert not uplinks.is_answer(reply, "192.0.2.1", 8, **asked)
    assert not uplinks.is_answer(b"\x45" + bytes(19) + request, "192.0.2.1", 7, **asked)
    answer = uplinks.name_query(7)
    assert uplinks.is_answer(answer, "192.0.2.1", 7, targets=["192.0.2.1"], ping=False)
    assert not uplinks.is_answer(answer, "192.0.2.1", 9, targets=["192.0.2.1"], ping=False)


def test_links_that_the_files_make_otherwise_are_taken_away(tmp_path):
    """A bridge that shall be a VLAN, a VLAN with another number or port, and one without a file go; all others stay."""
    files = {
        "office.netdev": "[NetDev]\nName=office\nKind=vlan\n\n[VLAN]\nId=102\n",
        "wifi.netdev": "# managed\n[NetDev]\nName=wifi\nKind=vlan\n[VLAN]\nId=104\n",
        "sensor.netdev": "[NetDev]\nName=sensor\nKind=vlan\n[VLAN]\nId=105\n",
        "wan.netdev": "[NetDev]\nName=wan\nKind=bridge\n[Bridge]\nSTP=no\n",
        "port-enp2s0.network": "[Match]\nName=enp2s0\n[Network]\nVLAN=office\nVLAN=wifi\nVLAN=sensor\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    vlan = {"info_kind": "vlan"}
    shown = [
        {"ifname": "enp2s0"},
        {"ifname": "docker0", "linkinfo": {"info_kind": "bridge"}},
        {"ifname": "wan", "linkinfo": {"info_kind": "bridge", "info_data": {"forward_delay": 0}}},
        {"ifname": "office", "linkinfo": {"info_kind": "bridge"}},
        {"ifname": "wifi", "link": "enp2s0", "linkinfo": vlan | {"info_data": {"id": 40}}},
        {"ifname": "sensor", "link": "enp2s0", "linkinfo": vlan | {"info_data": {"id": 105}}},
        {"ifname": "edge", "link": "enp3s0", "linkinfo": vlan | {"info_data": {"id": 101}}},
        {"ifname": "management", "linkinfo": {"info_kind": "veth"}},
    ]
    there = relinking.present(shown, ["wan", "office", "wifi", "sensor", "edge", "management"])

    assert relinking.outdated(there, relinking.wanted(tmp_path)) == ["edge", "office", "wifi"]
