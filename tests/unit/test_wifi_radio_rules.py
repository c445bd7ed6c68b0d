"""Radios of the Wi-Fi gateway: what is computed, and what is refused with its line."""

from __future__ import annotations

import pytest
import yaml

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.catalogue.rules import RulesFile, resolve_options
from smartcommune.errors import ProfileErrors
from smartcommune.profile.loader import load_profile

ROLE = paths.checkout() / "roles" / "wifi_gateway"
RULES = RulesFile.of(ROLE)
OPEN = {"ssid": "Xa", "zone": "wifi", "security": "owe"}
STAFF = {"ssid": "UBND", "zone": "office", "security": "wpa3_sae"}
PROFILE = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts:
  gateway-1: {kind: gateway, site: ubnd}
components:
  infrastructure:
    zone_gateway: {}
    wifi_gateway:
      radios:
        - {id: a, interface: wlan0, band: 2.4, users: 20, width: 80}
      networks:
        - {ssid: Xa, zone: wifi, security: owe}
targets: {lab: {}}
"""


@pytest.fixture(scope="module")
def catalogue():
    """The shipped catalogue."""
    return load_catalogue()


@pytest.fixture
def resolve(catalogue):
    """Return options as the rules get them: radios a, b… on wlan0, wlan1…, at 5 GHz for 10 people."""

    def resolved(*radios, networks=(OPEN, STAFF), **more):
        rows = [
            {"id": "abcdef"[index], "interface": f"wlan{index}", "band": 5, "users": 10} | row
            for index, row in enumerate(radios)
        ]
        return resolve_options(catalogue["wifi_gateway"], {"radios": rows, "networks": networks, **more})

    return resolved


@pytest.fixture
def plan(resolve):
    """Return the settings computed for radios."""

    def planned(*radios, **more):
        options = resolve(*radios, **more)
        assert list(RULES.check(options)) == []
        return RULES.derive(options)["radio_plan"]

    return planned


@pytest.fixture
def findings(resolve):
    """Return (key, code) of what is wrong with radios."""

    def found(*radios, **more):
        told = list(RULES.check(resolve(*radios, **more)))
        return [("".join(f".{part}" for part in each.path)[1:], each.trap.code) for each in told]

    return found


@pytest.mark.parametrize(
    ("radio", "channel", "width", "center", "power"),
    [
        ({"band": 2.4}, 1, 20, 1, 20),
        ({"band": 2.4, "width": 40, "channel": 9}, 9, 40, 7, 20),
        ({"users": 20}, 36, 20, 36, 20),
        ({"users": 60}, 36, 40, 38, 20),
        ({"users": 80, "streams": 1}, 36, 80, 42, 20),
        ({"users": 80, "streams": 1, "outdoors": True}, 149, 80, 155, 27),
        ({"channel": 52, "radar": True}, 52, 20, 52, 17),
        ({"channel": 100, "radar": True, "antenna_gain": 6}, 100, 20, 100, 20),
        ({"band": 6, "users": 80}, 5, 40, 3, 20),
    ],
)
def test_settings_follow_from_country_band_and_people(plan, radio, channel, width, center, power):
    """The narrowest width that serves the people, the first usable channel, the power less the aerial's gain."""
    made = plan(radio)["a"]

    assert (made["channel"], made["width"], made["center"], made["power"]) == (channel, width, center, power)


def test_radios_of_one_place_keep_apart(plan):
    """Three at 2.4 GHz take 1, 6, 11; two wide ones at 5 GHz do not overlap."""
    wide = {"width": 80}
    made = plan({"band": 2.4}, {"band": 2.4}, {"band": 2.4}, wide, wide)

    assert [made[name]["channel"] for name in "abcde"] == [1, 6, 11, 36, 149]


def test_radios_of_other_places_take_other_channels_while_there_are_some(plan):
    """The fourth radio, elsewhere, shares a channel, as few do as can be."""
    made = plan(*({"band": 2.4, "place": place} for place in ("x", "y", "z", "t")))

    assert [made[name]["channel"] for name in "abcd"] == [1, 6, 11, 1]


def test_a_written_channel_is_taken_first(plan):
    """Who computes goes out of the way of who wrote, in whatever order they stand."""
    made = plan({}, {"channel": 36})

    assert (made["a"]["channel"], made["b"]["channel"]) == (40, 36)


def test_people_decide_how_many_stations_are_let_in(plan):
    """A quarter more than the people, for their other devices."""
    assert plan({"users": 21})["a"]["stations"] == 27


@pytest.mark.parametrize(
    ("radios", "found"),
    [
        ([{"band": 2.4, "width": 80}], [("radios.0.width", "too-wide")]),
        ([{"generation": 4, "width": 80}], [("radios.0.width", "too-wide")]),
        ([{"band": 2.4, "channel": 14}], [("radios.0.channel", "channel")]),
        ([{"channel": 38}], [("radios.0.channel", "channel")]),
        ([{"channel": 177}], [("radios.0.channel", "channel")]),
        ([{"band": 6, "channel": 97}], [("radios.0.channel", "channel")]),
        ([{"channel": 52}], [("radios.0.channel", "channel-radar")]),
        ([{"channel": 36, "outdoors": True}], [("radios.0.channel", "channel-indoors")]),
        ([{"band": 6, "outdoors": True}], [("radios.0.band", "no-channel")]),
        ([{"band": 6, "generation": 5}], [("radios.0.generation", "generation")]),
        ([{"band": 2.4, "generation": 5}], [("radios.0.generation", "generation")]),
        ([{"band": 2.4, "users": 60}], [("radios.0.users", "too-many-users")]),
        ([{"users": 97}], [("radios.0.users", "too-many-users")]),
        ([{"channel": 36}, {"channel": 36}], [("radios.1.channel", "same-channel")]),
        ([{"channel": 36, "width": 80}, {"channel": 48}], [("radios.1.channel", "same-channel")]),
        ([{"band": 2.4}] * 4, [("radios.3.band", "same-channel")]),
        ([{}, {"interface": "wlan0"}], [("radios.1.interface", "same-interface")]),
    ],
)
def test_impossible_radios_are_refused(findings, radios, found):
    """Each is told once, at the value that has to change."""
    assert findings(*radios) == found


@pytest.mark.parametrize(
    ("network", "found"),
    [
        (STAFF | {"security": "open"}, [("networks.0.security", "security")]),
        (OPEN | {"security": "wpa3_sae"}, [("networks.0.security", "security")]),
        (STAFF | {"security": "enterprise"}, [("networks.0.security", "no-accounts")]),
        (OPEN | {"security": "open"}, [("networks.0.security", "weak-at-6")]),
        (OPEN | {"transition": True}, [("networks.0.transition", "weak-at-6")]),
        (OPEN | {"radios": ["z"]}, [("radios.0", "no-network"), ("networks.0.radios.0", "unknown-radio")]),
        (OPEN | {"ssid": "Xã Phủ Thông Thái Nguyên"}, []),
        (OPEN | {"ssid": "Ủy ban nhân dân xã Phủ Thông"}, [("networks.0.ssid", "long-name")]),
    ],
)
def test_impossible_networks_are_refused(findings, network, found):
    """Nothing unencrypted at 6 GHz, a name that fits, staff and citizens each in their way."""
    assert findings({"band": 6}, networks=[network]) == found


def test_other_countries_need_their_regulations_first(findings):
    """A country that the table does not have is refused, not guessed."""
    assert findings({}, country="LA") == [("country", "unknown-country")]


def test_without_radios_there_is_nothing(plan):
    """Where access points are devices of their own, nothing is computed."""
    assert plan() == {}


def test_the_regulations_are_sound():
    """Ranges are in order and do not overlap; the table says where it is from."""
    data = yaml.safe_load((ROLE / "files" / "radio" / "regulations.yml").read_text(encoding="utf-8"))
    edges = [edge for row in data["countries"]["VN"] for edge in (row["from"], row["to"])]

    assert edges == sorted(edges)
    assert data["source"].startswith("wireless-regdb ")


def test_validate_tells_the_line(catalogue, tmp_path):
    """File, line, key, what was found, what is expected, what to do; in both languages."""
    path = tmp_path / "commune.yml"
    path.write_text(PROFILE, encoding="utf-8")
    with pytest.raises(ProfileErrors) as caught:
        load_profile(path, catalogue)
    (fault,) = caught.value.errors

    assert (fault.line, fault.key) == (11, "components.infrastructure.wifi_gateway.radios[0].width")
    assert (fault.found.en, fault.expected.vi, fault.todo.en) == (
        "80",
        "một trong: 20, 40",
        "leave width out: it is computed",
    )
