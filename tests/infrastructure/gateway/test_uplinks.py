"""The ways to the Internet: whose address clients have there, what happens when one dies, and when all do."""

from __future__ import annotations

import contextlib
import logging
import socket
import time

import pytest

from smartcommune.lab.layout import NETNS
from tests.infrastructure.gateway.internet import PORT, WHO, open_socket
from tests.infrastructure.gateway.test_services import ask
from tests.waiting import wait_until

LOG = logging.getLogger(__name__)
ROUTER = "gateway-1"
MAIN, SPARE = "10.20.0.10", "10.20.7.10"
SOON = 15.0  # seconds for the spare to take over
BACK = 30.0  # seconds to give back: the main way has to prove itself first


def who(station, internet):
    """Return whose address a client has on the Internet, empty when it does not get there."""
    try:
        with station.connect(internet.address, PORT, timeout=1.0) as made:
            made.sendall(WHO)
            return made.recv(64).decode()
    except OSError:
        return ""


def wait_for(station, internet, address, seconds):
    """Return how long it takes until a client is ``address`` on the Internet."""
    return wait_until(lambda: who(station, internet) == address, f"the client is {address}", seconds=seconds)


def goes_on(exchange, address):
    """Return whether an exchange goes on as ``address``; the first datagrams after a change may be lost."""
    for _ in range(3):
        exchange.send(b"?")
        with contextlib.suppress(TimeoutError):
            if exchange.recv(64).decode() == address:
                return True
    return False


@pytest.fixture
def office(commune, internet):
    """A computer in the office that is on the Internet by the main way; afterwards everything is plugged in again."""
    with commune.lab.station("office", site="ubnd") as station:
        wait_for(station, internet, MAIN, BACK)
        yield station
        for zone in ("wan", "wan2"):
            commune.lab.restore(zone, site="ubnd")
        wait_for(station, internet, MAIN, BACK)


def test_clients_have_the_gateways_address(office, internet):
    """On the Internet a client has the gateway's address, not its own."""
    assert who(office, internet) == MAIN


def test_the_spare_takes_over_and_gives_back(commune, office, internet):
    """When nothing answers behind the main way, though its link is up, the spare carries; and not longer than it must.

    An exchange that was under way goes on, with another address.
    """
    with open_socket(NETNS / office.netns, socket.SOCK_DGRAM) as exchange:
        exchange.settimeout(1)
        exchange.connect((internet.address, PORT))
        assert goes_on(exchange, MAIN)
        commune.lab.cut("wan", site="ubnd")
        assert "LOWER_UP" in commune.on(ROUTER, "ip link show wan")
        took = wait_for(office, internet, SPARE, SOON)
        assert goes_on(exchange, SPARE)
        commune.lab.restore("wan", site="ubnd")
        gave = wait_for(office, internet, MAIN, BACK)
        assert goes_on(exchange, MAIN)
    LOG.info("taken over after %.1f s, given back after %.1f s", took, gave)
    journal = commune.on(ROUTER, "journalctl --unit commune-uplinks --no-pager --output cat")
    assert "wan: no answer" in journal
    assert journal.strip().endswith("everything goes by wan")


def test_a_cable_that_is_pulled_is_noticed_too(commune, office, internet):
    """The same when the gateway's own plug is pulled."""
    commune.lab.cut(ROUTER, zone="wan")
    try:
        assert wait_for(office, internet, SPARE, SOON) < SOON
    finally:
        commune.lab.restore(ROUTER, zone="wan")
    assert wait_for(office, internet, MAIN, BACK) < BACK


def test_a_watcher_that_is_killed_comes_back(commune, office, internet):
    """While the main way is dead the watcher is killed: the next one sees at once that the spare has to carry."""
    commune.lab.cut("wan", site="ubnd")
    wait_for(office, internet, SPARE, SOON)
    before = commune.on(ROUTER, "systemctl show --property MainPID --value commune-uplinks.service").strip()
    commune.on(ROUTER, "systemctl kill --signal=KILL commune-uplinks.service")
    show = "systemctl show --property MainPID --value commune-uplinks.service"
    commune.on(ROUTER, f"timeout 20 sh -c 'until [ $({show}) -gt {before} ]; do sleep 0.1; done'")
    assert wait_for(office, internet, SPARE, SOON) < SOON
    commune.lab.restore("wan", site="ubnd")
    assert wait_for(office, internet, MAIN, BACK) < BACK


def test_the_commune_works_without_the_internet(commune, office, internet):
    """With both ways cut the commune's names are answered at once and its pages are reached."""
    commune.lab.cut("wan", site="ubnd")
    commune.lab.cut("wan2", site="ubnd")
    name = f"truy-xuat.{commune.site.domain}"
    begun = time.monotonic()
    _, _, addresses = ask(office, "10.20.2.1", name)
    took = time.monotonic() - begun

    assert addresses == {commune.site.host("server-1").address}
    assert took < 1
    assert office.reaches(addresses.pop(), 443)
    assert who(office, internet) == ""
