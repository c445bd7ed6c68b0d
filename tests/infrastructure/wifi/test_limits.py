"""Where a phone gets and where not, before and after accepting; how long, how much and how fast; what is recorded."""

from __future__ import annotations

import re
import time

import pytest

from tests.infrastructure.wifi.conftest import DAILY_MEGABYTES, DOWN_MBIT, ROUTER, accept, eventually, fetch
from tests.infrastructure.wifi.internet import STREAM

SERVE = ["python3", "-I", "-m", "http.server", "--bind"]
OTHER_ZONES = ("edge", "office", "server", "sensor", "management")


def received(phone, internet, seconds, *, after=0.0):
    """Return the bytes that a phone gets in a time, which begins some seconds after it connected."""
    found, begun = 0, time.monotonic() + after
    with phone.connect(internet.address, STREAM) as made:
        made.settimeout(1)
        while (now := time.monotonic()) < begun + seconds:
            amount = len(made.recv(65536))
            found += amount if now >= begun else 0
    return found


def test_before_accepting_only_the_communes_own(commune, internet, phone, portal):
    """Without accepting: addresses, names, portal and the commune's pages; nothing of the Internet, refused at once."""
    server = commune.site.host("server-1")
    begun = time.monotonic()

    assert not phone.reaches(internet.address, STREAM)
    assert time.monotonic() - begun < 2
    assert fetch(phone, internet.url)[:2] == (302, portal)
    assert phone.reaches(server.address, 443)
    assert server.address in phone.run(["getent", "ahostsv4", commune.site.domain]).stdout
    assert not phone.reaches(server.address, 22, timeout=1)
    assert fetch(phone, portal, "--data", "lang=vi")[0] == 200  # not ticked
    assert not phone.reaches(internet.address, STREAM)


def test_after_accepting_never_another_zone_nor_another_phone(commune, internet, phone, portal):
    """Who accepted reaches the Internet, no other zone, not the operator's own devices, no phone beside."""
    assert accept(phone, portal)[:2] == (303, f"{portal}?lang=vi")
    assert phone.reaches(internet.address, STREAM)
    for zone in OTHER_ZONES:
        with commune.lab.probe(zone) as other, commune.lab.probe(zone) as beside:
            other.start([*SERVE, other.address, "8000"])
            eventually(lambda seen=beside, there=other: seen.reaches(there.address, 8000, timeout=1))
            assert not phone.reaches(other.address, 8000, timeout=1), zone
    with commune.lab.station("wifi") as beside:
        beside.start([*SERVE, beside.address, "8000"])
        eventually(lambda: beside.reaches(beside.address, 8000, timeout=1))
        assert not phone.reaches(beside.address, 8000, timeout=1)
        assert not beside.reaches(phone.address, 8000, timeout=1)
        gateway = commune.site.zones_of("ubnd")["wifi"].gateway
        phone.run(["ip", "route", "add", beside.address, "via", gateway])  # by the gateway, in place of the radio
        assert not phone.reaches(beside.address, 8000, timeout=1)
    assert not phone.reaches(commune.site.zones_of("ubnd")["wan"].gateway, 3142, timeout=1)
    for port in (22, 8910 + 1, 10050):
        assert not phone.reaches(commune.site.host(ROUTER).address, port, timeout=1)


def test_another_device_cannot_use_an_acceptance(commune, internet, phone, portal):
    """A device that takes the address of one that accepted is not let out by it."""
    accept(phone, portal)
    assert phone.reaches(internet.address, STREAM)
    phone.run(["ip", "link", "set", "host0", "down"])
    with commune.lab.station("wifi", address=phone.address) as thief:
        assert not thief.reaches(internet.address, STREAM, timeout=1)
        assert "Chưa nhận ra thiết bị" in fetch(thief, portal)[2]


def test_a_fixed_address_is_told_what_to_do(commune, internet, portal):
    """A device that took an address by itself cannot accept, and is told why."""
    with commune.lab.probe("wifi") as stubborn:
        assert "DHCP" in accept(stubborn, portal)[2]
        assert not stubborn.reaches(internet.address, STREAM, timeout=1)


def test_a_session_ends(internet, phone, portal, gateway):
    """When the session's time is over the way is shut, for connections under way too; accepting opens it again."""
    accept(phone, portal)
    assert 3500 < gateway.let_out()[phone.hardware_address] <= 3600
    with phone.connect(internet.address, STREAM) as made:
        made.settimeout(3)
        gateway.change(f"UPDATE sessions SET expires = expires - 3600 WHERE mac = '{phone.hardware_address}'")
        eventually(lambda: phone.hardware_address not in gateway.let_out())
        with pytest.raises((TimeoutError, ConnectionError)):
            drain(made)
    assert fetch(phone, internet.url)[:2] == (302, portal)
    accept(phone, portal)
    assert phone.reaches(internet.address, STREAM)
    assert [session["reason"] for session in gateway.log(phone.hardware_address)[0]["sessions"]] == ["time", None]


def drain(connection):
    """Take what comes until nothing comes any more."""
    while connection.recv(65536):
        pass


def test_rate_of_a_device(internet, phone, portal):
    """A device gets its rate and hardly more, though the link has far more."""
    accept(phone, portal)
    seconds = 3.0
    mbit = received(phone, internet, seconds, after=2.0) * 8 / seconds / 1e6

    assert 0.5 * DOWN_MBIT < mbit < 1.15 * DOWN_MBIT


def test_volume_of_a_day(internet, phone, portal, gateway):
    """What a device moves is counted; when the day's volume is used up the way is shut and the page says until when."""
    accept(phone, portal)
    moved = received(phone, internet, 2.0)
    eventually(lambda: left(phone, portal) < DAILY_MEGABYTES, 10)
    assert DAILY_MEGABYTES - left(phone, portal) == pytest.approx(moved / 1e6, rel=0.25, abs=1.5)
    today = f"(strftime('%s', 'now') + 25200) / 86400, {DAILY_MEGABYTES * 1000000}"
    gateway.change(f"INSERT OR REPLACE INTO usage VALUES ('{phone.hardware_address}', {today})")
    eventually(lambda: not phone.reaches(internet.address, STREAM, timeout=1))
    page = fetch(phone, portal)[2]

    assert "Đã hết dung lượng hôm nay" in page
    assert accept(phone, portal)[0] == 200
    assert not phone.reaches(internet.address, STREAM, timeout=1)


def left(phone, portal):
    """Return the megabytes that the page says are left."""
    return int(re.search(r"(\d+) MB hôm nay", fetch(phone, portal)[2])[1])


def test_log_of_assignments(commune, phone, portal, gateway):
    """The log has who had which address from when, and when which terms were accepted; only root reads it."""
    accept(phone, portal)
    (entry,) = gateway.log(phone.hardware_address)

    assert entry["address"] == phone.address
    assert entry["since"] <= entry["sessions"][0]["accepted"] <= entry["until"]
    assert re.fullmatch(r"[0-9a-f]{12}", entry["sessions"][0]["terms"])
    for user in ("nobody", "commune-wifi-portal"):
        out = commune.on(ROUTER, f"setpriv --reuid={user} --clear-groups cat /var/lib/commune-wifi/wifi.db", codes=(1,))
        assert out == ""
