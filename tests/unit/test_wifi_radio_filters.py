"""Filters of the radios: which networks a card sends under which address, and what accounts are known by."""

from __future__ import annotations

import importlib.util

import pytest

from smartcommune import paths

PATH = paths.checkout() / "roles" / "wifi_gateway" / "filter_plugins" / "radio.py"
SPEC = importlib.util.spec_from_file_location("wifi_gateway_radio_filters", PATH)
assert SPEC is not None
assert SPEC.loader is not None
radio = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(radio)

CARD = {"interface": "wlan0", "host": None, "networks": ["Xa", "UBND"], "airtime": {"Xa": 2, "UBND": 3}}
NETWORKS = [
    {"ssid": "Xa", "zone": "wifi", "security": "owe", "transition": True},
    {"ssid": "UBND", "zone": "office", "security": "wpa3_sae", "transition": False},
    {"ssid": "Khac", "zone": "office", "security": "wpa3_sae", "transition": False},
]


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("password", "8846f7eaee8fb117ad06bdd830b7586c"),
        ("a" * 100, "47626139153ad114ef8b3a9902501f88"),
    ],
)
def test_nt_hashes_are_the_known_ones(text, digest):
    """Those that everybody has: of nothing, of «password», of more than one block."""
    assert radio.md4(text.encode("utf-16-le")).hex() == digest


def test_each_account_has_its_own_password():
    """Two names, two keys: four hashes."""
    made = [radio.account_hashes(["a", "b"], key) for key in ("one", "two")]

    assert len({value for each in made for value in each.values()}) == 4
    assert radio._password_of()("one", "a") == radio._password_of()("one", "a")


def test_a_card_sends_its_networks():
    """OWE in transition is an open network and a hidden one that lead to each other; others are not sent here."""
    sent = radio.radio_networks(CARD, NETWORKS, "00:11:22:33:44:55")

    assert [(each["interface"], each["security"], each["hidden"], each["leads_to"]) for each in sent] == [
        ("wlan0", "open", False, "wlan0_1"),
        ("wlan0_1", "owe", True, "wlan0"),
        ("wlan0_2", "wpa3_sae", False, None),
    ]


@pytest.mark.parametrize("mac", ["00:11:22:33:44:55", "02:00:00:00:00:00", "a4:11:22:33:44:55"])
def test_addresses_differ_and_span_a_block(mac):
    """Further networks have local addresses that only add bits, so that the card's own begins the block."""
    made = [radio._address(mac, index) for index in range(6)]

    assert made[0] == mac
    assert len(set(made)) == 6
    assert all(int(each[:2], 16) & int(mac[:2], 16) == int(mac[:2], 16) for each in made)
    assert all(int(each[:2], 16) & 3 == 2 for each in made[1:])


def test_radios_belong_to_the_host_that_they_name():
    """A radio without a host belongs to the only gateway."""
    plan = {"a": CARD, "b": CARD | {"interface": "wlan1", "host": "gateway-2"}}

    assert list(radio.own_radios(plan, "gateway-1")) == ["wlan0"]
    assert list(radio.own_radios(plan, "gateway-2")) == ["wlan0", "wlan1"]
