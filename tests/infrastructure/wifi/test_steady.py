"""Who was let out stays so through restarts and new rules; nothing is left to a second apply; vouchers."""

from __future__ import annotations

import pytest

from tests.infrastructure.wifi.conftest import DATABASE, ROUTER, accept, eventually, fetch, write_profile
from tests.infrastructure.wifi.internet import STREAM

PATIENCE = 90.0
UNITS = "commune-wifi-keeper commune-wifi-portal commune-wifi-firewall"


@pytest.fixture
def accepted(phone, internet, portal):
    """A phone that accepted."""
    assert accept(phone, portal)[0] == 303
    assert phone.reaches(internet.address, STREAM)
    return phone


def test_second_apply_changes_nothing(commune, accepted, gateway):
    """A second apply changes nothing, a plan finds nothing, and whoever was let out still is."""
    plan = commune.document(*commune.verb("plan"), "--exit-code")
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert plan["hosts"] == []
    assert set(again["changed"].values()) == {0}
    assert accepted.hardware_address in gateway.let_out()


@pytest.mark.parametrize(
    "script",
    [
        "systemctl restart commune-wifi-keeper commune-wifi-portal",
        "systemctl kill --signal=KILL commune-wifi-keeper; systemctl kill --signal=KILL commune-wifi-portal",
        "systemctl restart nftables.service",
        "systemctl reload commune-wifi-firewall.service",
        "nft flush set inet commune_wifi accepted",
    ],
    ids=["restarted", "killed", "all rules anew", "own rules anew", "emptied by hand"],
)
def test_who_accepted_stays_out(commune, internet, accepted, portal, gateway, script):
    """Whatever is restarted or emptied, who accepted is on the Internet again within seconds, with the time left."""
    before = gateway.let_out()[accepted.hardware_address]
    commune.on(ROUTER, script)
    eventually(lambda: accepted.reaches(internet.address, STREAM, timeout=1))
    eventually(lambda: "Bạn đã vào mạng" in fetch(accepted, portal)[2])

    assert before - 60 < gateway.let_out()[accepted.hardware_address] <= before


def test_strangers_stay_shut_out_while_the_keeper_is_down(commune, internet, phone, portal):
    """Without the keeper nobody new is let out, and the page says that it is busy."""
    commune.on(ROUTER, "systemctl stop commune-wifi-keeper.socket commune-wifi-keeper.service")
    try:
        assert fetch(phone, portal)[0] == 503
        assert not phone.reaches(internet.address, STREAM, timeout=1)
    finally:
        commune.on(ROUTER, "systemctl start commune-wifi-keeper.service")
    eventually(lambda: fetch(phone, portal)[0] == 200)


def test_who_accepted_stays_out_after_a_restart_of_the_machine(commune, internet, accepted, portal, gateway):
    """The gateway restarts: the rules are there before it forwards, and who accepted is let out with the time left."""
    commune.restart(ROUTER, seconds=PATIENCE)
    eventually(lambda: accepted.reaches(internet.address, STREAM, timeout=1), 30)
    times = [
        int(commune.on(ROUTER, f"systemctl show --value --property {name}TimestampMonotonic {unit}"))
        for unit, name in (("commune-wifi-firewall", "ActiveEnter"), ("commune-gateway-firewall", "InactiveExit"))
    ]

    assert 0 < gateway.let_out()[accepted.hardware_address] < 3600
    assert 0 < times[0] <= times[1]
    assert commune.on(ROUTER, f"systemctl is-active {UNITS}").split() == ["active"] * 3
    with commune.lab.station("wifi") as stranger:
        assert fetch(stranger, internet.url)[:2] == (302, portal)


def test_log_comes_back_from_a_backup(commune, internet, accepted, gateway):
    """A log that was lost comes back by a restore, and with it those who may be out."""
    commune.run(*commune.verb("backup"), "--limit", ROUTER)
    lose = f"systemctl stop commune-wifi-keeper; rm {DATABASE}; systemctl start commune-wifi-keeper"
    commune.on(ROUTER, lose)
    eventually(lambda: not accepted.reaches(internet.address, STREAM, timeout=1))
    commune.run(*commune.verb("restore"), "--limit", ROUTER, "--yes")

    eventually(lambda: accepted.reaches(internet.address, STREAM, timeout=1))
    assert gateway.log(accepted.hardware_address)[0]["sessions"] != []


def test_old_entries_are_deleted(commune, phone, gateway):
    """The nightly unit deletes what is older than the log is kept, and nothing younger."""
    gateway.change(
        "INSERT INTO assignments (address, mac, since, until) VALUES ('10.20.4.199', '02:00:00:00:99:99', 1, 2)"
    )
    assert gateway.log("02:00:00:00:99:99") != []
    eventually(lambda: gateway.log(phone.hardware_address) != [])
    commune.on(ROUTER, "systemctl start commune-wifi-prune.service")

    assert gateway.log("02:00:00:00:99:99") == []
    assert gateway.log(phone.hardware_address) != []


def test_vouchers(commune, internet, portal):
    """With vouchers a code from the gateway lets one device in, a wrong one nobody; the way back is one option."""
    write_profile(commune.profile, vouchers=True)
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    code, other = commune.on(ROUTER, "commune-wifi vouchers --count 2 --days 1").split()
    with commune.lab.station("wifi") as first, commune.lab.station("wifi") as second:
        assert "Mã không đúng" in accept(first, portal)[2]
        assert "Mã không đúng" in accept(first, portal, code="aaaaa-aaaaa")[2]
        assert not first.reaches(internet.address, STREAM, timeout=1)
        assert accept(first, portal, code=f"{code[:5].upper()}-{code[5:]}")[0] == 303
        assert first.reaches(internet.address, STREAM)
        assert accept(second, portal, code=code)[0] == 200
        assert not second.reaches(internet.address, STREAM, timeout=1)
        assert accept(second, portal, code=other)[0] == 303
        assert second.reaches(internet.address, STREAM)
