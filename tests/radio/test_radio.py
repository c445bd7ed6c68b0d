"""The role's radios on simulated cards: who joins, who does not, who sees whom, and what forged frames do."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartcommune import paths
from tests.radio.conftest import FQDN, SECRETS, Gateway
from tests.radio.stations import station

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.radio.machine import Machine

STAFF_ZONE, CITIZENS_ZONE = "10.20.4.", "10.20.20."
KEY = SECRETS["wifi_gateway_staff_key"]
SAE = f'ssid="UBND xã"\nkey_mgmt=SAE\nsae_password="{KEY}"\nieee80211w=2\nscan_ssid=1'
OWE = 'ssid="Xã Phủ Thông"\nkey_mgmt=OWE\nieee80211w=2\nowe_only=1'
SEEN = 'ssid="Xã Phủ Thông"\nkey_mgmt=NONE'
INJECT = Path(__file__).with_name("inject.py").read_text(encoding="utf-8")
UNITS = ("commune-radio@wlan0.service", "commune-radio@wlan1.service", "commune-radius.service")


def load_checks() -> dict[str, Callable[..., None]]:
    """Return the role's own checks of radios by their names."""
    path = paths.checkout() / "roles" / "wifi_gateway" / "checks" / "test_radio.py"
    spec = importlib.util.spec_from_file_location("wifi_gateway_radio_checks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


def peap(identity: str, password: str) -> str:
    """Return the network block of a member of staff, who knows the commune's authority."""
    return (
        'ssid="UBND tài khoản"\nkey_mgmt=WPA-EAP-SHA256\nieee80211w=2\neap=PEAP\nphase2="auth=MSCHAPV2"\n'
        f'identity="{identity}"\npassword="{password}"\n'
        f'ca_cert="/usr/local/share/ca-certificates/commune-root.crt"\ndomain_match="{FQDN}"'
    )


def account(machine: Machine, name: str) -> str:
    """Return an account's password as the gateway shows it."""
    return re.search(rf'"{name}": "([^"]+)"', machine.check("commune-radio", "accounts"))[1]


def test_a_plan_and_a_second_run_say_that_nothing_changes(bare: Gateway, gateway: Gateway) -> None:
    """The role is idempotent, and check mode agrees."""
    assert gateway.converge(check=True)["changed"] == 0
    assert gateway.converge()["changed"] == 0


def test_all_radios_send(gateway: Gateway) -> None:
    """The role's own question about its health is answered well, and each card keeps to its power."""
    assert "2 radios on the air" in gateway.machine.check("commune-radio", "health")
    for radio in gateway.options["radio_plan"].values():
        shown = gateway.machine.check("iw", "dev", radio["interface"], "info")
        assert float(re.search(r"txpower ([\d.]+)", shown)[1]) <= radio["power"]
        assert f"channel {radio['channel']} " in shown


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_sandboxed(gateway: Gateway, unit: str) -> None:
    """The exposure that systemd counts is 4.0 or less."""
    assert gateway.machine.run("systemd-analyze", "security", "--threshold=40", "--no-pager", unit).code == 0


CHECKS = load_checks()


@pytest.mark.parametrize("check", CHECKS)
def test_the_roles_own_checks_hold(gateway: Gateway, check: str) -> None:
    """What «verify» asks of a machine with radios is so on this one."""
    plan = {radio["interface"]: radio for radio in gateway.options["radio_plan"].values()}
    known = {
        "host": gateway.testinfra(),
        "commune": {"commune_host": {"name": "gateway-1"}},
        "radios": plan,
        "networks": gateway.options["networks"],
    }
    function = CHECKS[check]
    held = function(**{name: known[name] for name in inspect.signature(function).parameters})

    assert held is None  # it asserts by itself


def test_no_secret_that_everybody_knows(gateway: Gateway) -> None:
    """What freeradius would read by default has none, and its own unit cannot start."""
    read = [f"/etc/freeradius/3.0/{name}" for name in ("clients.conf", "proxy.conf", "templates.conf", "sites-enabled")]
    pattern = "^[^#]*secret[[:space:]]*=[[:space:]]*testing"
    answer = gateway.machine.run(
        "grep", "-REl", pattern, *read, "/etc/freeradius/3.0/mods-enabled", "/etc/commune-radius"
    )

    assert (answer.code, answer.out) == (1, "")
    assert gateway.machine.run("systemctl", "is-enabled", "freeradius.service").out.strip() == "masked"


def test_staff_join_by_sae_with_protected_management(gateway: Gateway) -> None:
    """WPA3 with hash to element and protected management frames; the office answers."""
    with station(gateway.machine, "wlan2", SAE) as staff:
        joined = staff.joins()
        staff.has_address(f"{STAFF_ZONE}50")

        assert (joined["key_mgmt"], joined["pmf"], joined["sae_h2e"]) == ("SAE", "2", "1")
        assert staff.reaches(f"{STAFF_ZONE}1")


def test_a_wrong_password_never_gets_in(gateway: Gateway) -> None:
    """The access point says so, and the station is not let in."""
    with station(gateway.machine, "wlan2", SAE.replace(KEY, "wrong-password-1")) as stranger:
        assert stranger.is_refused("CTRL-EVENT-SSID-TEMP-DISABLED|CTRL-EVENT-AUTH-REJECT")


@pytest.mark.parametrize(
    "block",
    [
        SAE.replace("ieee80211w=2", "ieee80211w=0"),
        f'ssid="UBND xã"\nkey_mgmt=WPA-PSK\npsk="{KEY}"\nscan_ssid=1',
    ],
    ids=["sae-unprotected", "wpa2"],
)
def test_weaker_ways_are_no_ways(gateway: Gateway, block: str) -> None:
    """Without protected management frames, or by WPA2, a station sees the network and cannot join it."""
    with station(gateway.machine, "wlan2", block) as old:
        assert old.is_refused("skip RSN IE - (no mgmt frame protection|key mgmt mismatch)")


def test_citizens_join_with_and_without_encryption(gateway: Gateway) -> None:
    """A newer phone is led from the open network to the encrypted one; an old one stays on the open one."""
    with station(gateway.machine, "wlan2", OWE) as new, station(gateway.machine, "wlan3", SEEN) as old:
        assert (new.joins()["key_mgmt"], old.joins()["key_mgmt"]) == ("OWE", "NONE")
        for guest, number in ((new, 50), (old, 51)):
            guest.has_address(f"{CITIZENS_ZONE}{number}")
            assert guest.reaches(f"{CITIZENS_ZONE}1")


@pytest.mark.parametrize("first", [OWE, SEEN], ids=["owe", "open"])
def test_citizens_do_not_see_each_other(gateway: Gateway, first: str) -> None:
    """Two on one network, or one on each, reach the gateway, and not each other."""
    with station(gateway.machine, "wlan2", first) as one, station(gateway.machine, "wlan3", SEEN) as other:
        for guest, number in ((one, 50), (other, 51)):
            guest.joins()
            guest.has_address(f"{CITIZENS_ZONE}{number}")
        assert one.reaches(f"{CITIZENS_ZONE}1")
        assert not one.reaches(f"{CITIZENS_ZONE}51")
        assert not other.reaches(f"{CITIZENS_ZONE}50")


def test_staff_see_each_other(gateway: Gateway) -> None:
    """Positive control: on the office's network two stations do reach each other."""
    with station(gateway.machine, "wlan2", SAE) as one, station(gateway.machine, "wlan3", SAE) as other:
        for colleague, number in ((one, 50), (other, 51)):
            colleague.joins()
            colleague.has_address(f"{STAFF_ZONE}{number}")

        assert one.reaches(f"{STAFF_ZONE}51")


def test_forged_deauthentication_is_refused(gateway: Gateway) -> None:
    """Frames in the access point's name throw out the open network's station, and not those that are protected."""
    machine = gateway.machine
    machine.write("/run/inject.py", INJECT)
    card = machine.check("cat", "/sys/class/net/wlan5/phy80211/name").strip()
    frequency = re.search(r"\((\d+) MHz\)", machine.check("iw", "dev", "wlan0", "info"))[1]
    machine.run("iw", "phy", card, "interface", "add", "forge", "type", "monitor")
    machine.check("ip", "link", "set", "forge", "up")
    machine.check("iw", "dev", "forge", "set", "freq", frequency)
    with (
        station(machine, "wlan2", SAE) as staff,
        station(machine, "wlan3", OWE) as citizen,
        station(machine, "wlan4", SEEN) as old,
    ):
        joined = {each: each.joins() for each in (staff, citizen, old)}
        before = {each: each.disconnections() for each in joined}
        for status in joined.values():
            machine.check("python3", "/run/inject.py", "forge", status["address"], status["bssid"])
        count = f"test $(grep -c CTRL-EVENT-DISCONNECTED {old.log}) -gt {before[old]} && echo thrown out"
        machine.wait("sh", "-c", count, pattern="thrown out")
        for each in (staff, citizen):
            assert each.disconnections() == before[each]
            assert each.status()["wpa_state"] == "COMPLETED"


def test_staff_join_by_their_account(gateway: Gateway) -> None:
    """802.1X: the server shows the commune's certificate, the account its password."""
    with station(gateway.machine, "wlan2", peap("van-phong", account(gateway.machine, "van-phong"))) as staff:
        joined = staff.joins()
        staff.has_address(f"{STAFF_ZONE}50")

        assert (joined["key_mgmt"], joined["pmf"]) == ("WPA2-EAP-SHA256", "2")
        assert staff.reaches(f"{STAFF_ZONE}1")


@pytest.mark.parametrize("name", ["van-phong", "nguoi-la"])
def test_another_account_is_refused(gateway: Gateway, name: str) -> None:
    """A colleague's password does not open an account, and a name that is not there has none."""
    with station(gateway.machine, "wlan2", peap(name, account(gateway.machine, "ke-toan"))) as stranger:
        assert stranger.is_refused("CTRL-EVENT-EAP-FAILURE")


def test_a_false_server_is_refused(gateway: Gateway) -> None:
    """Who expects another name than the certificate has sends no password."""
    block = peap("van-phong", account(gateway.machine, "van-phong")).replace(FQDN, "other.example.vn")
    with station(gateway.machine, "wlan2", block) as staff:
        assert staff.is_refused("CTRL-EVENT-EAP-TLS-CERT-ERROR")


def test_radios_that_are_no_longer_wanted_go(gateway: Gateway) -> None:
    """One fewer, then none: unit, keys and server go, and nothing is left to do; the last test of the machine."""
    plan = gateway.options["radio_plan"]
    gateway.converge(radio_plan={"nha-hop": plan["nha-hop"]})
    active = gateway.machine.run("systemctl", "is-active", *UNITS).out.split()
    assert active == ["active", "inactive", "inactive"]

    gateway.converge(radio_plan={})
    assert gateway.machine.run("systemctl", "is-active", UNITS[0]).out.strip() == "inactive"
    assert gateway.machine.run("ls", "/etc/commune-radio", "/etc/commune-radius").out == ""
    assert gateway.converge(radio_plan={})["changed"] == 0
