"""Addresses, names and time, as a client of a zone gets them."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
import time

import pytest

from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import NETNS
from tests.infrastructure.gateway import signed_zone
from tests.infrastructure.gateway.conftest import PRINTER
from tests.infrastructure.gateway.internet import NTP_EPOCH, open_socket
from tests.waiting import wait_until

ROUTER = "gateway-1"
INNER = ("edge", "office", "server", "wifi", "sensor", "management")
NO_ERROR, SERVER_FAILURE, NO_NAME = 0, 2, 3
AUTHENTIC, UNCHECKED = 0x0020, 0x0010  # flags of an answer and of a question


def ask(station, server, name, *, flags=0x0120, timeout=20.0):
    """Return code, flags and addresses of the answer to a question for IPv4 addresses; asks again while nobody answers.

    The question says that the client understands an answer that was checked (AD).
    """
    question = struct.pack("!HHHHHH", 7, flags, 1, 0, 0, 0) + signed_zone.wire(name) + struct.pack("!HH", 1, 1)
    end = time.monotonic() + timeout
    with open_socket(NETNS / station.netns, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.connect((server, 53))
        while True:
            asking.send(question)
            try:
                answer = asking.recv(4096)
                break
            except TimeoutError:
                assert time.monotonic() < end, f"{server} does not answer for {name}"
    shown = struct.unpack("!H", answer[2:4])[0]
    addresses = re.findall(rb"\xc0\x0c\x00\x01\x00\x01.{4}\x00\x04(.{4})", answer, re.DOTALL)
    return shown & 15, shown, {socket.inet_ntoa(each) for each in addresses}


@pytest.fixture(scope="module")
def office(commune):
    """A computer in the office, by DHCP."""
    with commune.lab.station("office", site="ubnd") as station:
        yield station


@pytest.mark.parametrize("zone", INNER)
def test_a_client_gets_an_address(commune, zone):
    """In each zone a client gets an address of the pool, and the gateway as router, name server and clock."""
    prefix = ipaddress.ip_network(commune.site.zones_of("ubnd")[zone].prefix)
    with commune.lab.station(zone, site="ubnd") as station:
        lease = station.lease

    assert ipaddress.ip_address(station.address) in list(prefix)[100:200]
    assert {lease["router"], lease["dns"], lease["ntpsrv"]} == {str(prefix[1])}
    assert lease["domain"] == commune.site.domain
    assert lease["lease"] == str(12 * 3600)
    journal = commune.on(ROUTER, "journalctl --unit kea-dhcp4-server --no-pager --output cat")
    assert re.search(rf"LEASE_ALLOC.*{station.hardware_address}.*{re.escape(station.address)}", journal)


def test_clients_get_different_addresses(commune, office):
    """Two clients of one zone never have the same address; one that comes back has the one it had."""
    with commune.lab.station("office", site="ubnd") as other:
        first, hardware = other.address, other.hardware_address
    with commune.lab.station("office", site="ubnd", hardware_address=hardware) as again:
        assert again.address == first
    assert first != office.address


def test_a_reserved_client_has_its_address_and_name(commune, office):
    """The printer gets the address that the profile reserves for it, and has a name."""
    with commune.lab.station("office", site="ubnd", hardware_address=PRINTER) as printer:
        assert printer.address == "10.20.2.200"

    assert ask(office, "10.20.2.1", f"may-in.{commune.site.domain}")[2] == {"10.20.2.200"}


def test_nobody_gives_addresses_to_the_operator(commune):
    """Where the operator is, the gateway gives no address."""
    with pytest.raises(LabError, match="DHCP"), commune.lab.station("wan", site="ubnd", dhcp=True) as station:
        assert station.address == ""


@pytest.mark.parametrize("zone", INNER)
def test_names_of_the_commune(commune, zone):
    """Machines of both sites and web addresses are known in every zone."""
    gateway = commune.site.zones_of("ubnd")[zone].gateway
    wanted = {host.fqdn: host.address for host in commune.site.hosts}
    wanted |= {endpoint.name: commune.site.host(endpoint.host).address for endpoint in commune.site.endpoints}
    with commune.lab.probe(zone, site="ubnd") as station:
        found = {name: ask(station, gateway, name)[2] for name in wanted}

    assert found == {name: {address} for name, address in wanted.items()}


def test_a_blocked_name_is_not_there(commune, office):
    """A name of the filter list, and what is below it, is answered as not existing; the journal says who asked."""
    assert ask(office, "10.20.2.1", "bi-chan.example")[0] == NO_NAME
    assert ask(office, "10.20.2.1", "a.b.bi-chan.example")[0] == NO_NAME
    journal = commune.on(ROUTER, "journalctl --unit unbound --no-pager --output cat")
    assert re.search(rf"rpz: applied \[filter\] bi-chan.example.*{re.escape(office.address)}", journal)


def test_a_good_signature_is_accepted(office, internet):
    """A name of a zone whose signatures are good is answered, and marked as checked."""
    code, flags, addresses = ask(office, "10.20.2.1", signed_zone.GOOD)

    assert (code, addresses) == (NO_ERROR, {signed_zone.ADDRESS})
    assert flags & AUTHENTIC


def test_a_bad_signature_is_refused(office, internet):
    """A name of a zone whose signatures are not good is refused; one who wants no check gets the answer."""
    assert ask(office, "10.20.2.1", signed_zone.BOGUS)[0] == SERVER_FAILURE
    code, _, addresses = ask(office, "10.20.2.1", signed_zone.BOGUS, flags=0x0100 | UNCHECKED)
    assert (code, addresses) == (NO_ERROR, {signed_zone.ADDRESS})


def test_only_the_gateway_asks_outside(commune, office, internet):
    """A client that asks a name server on the Internet gets no answer, though that one answers the gateway."""
    internet.asked.clear()
    with pytest.raises(OSError, match="No route to host"):  # what a refusal by the gateway looks like
        ask(office, internet.address, signed_zone.GOOD, timeout=5)
    assert not office.reaches(internet.address, 53)
    assert not office.reaches(internet.address, 853)
    assert internet.asked == set()

    commune.on(ROUTER, f"unbound-control flush_zone {signed_zone.GOOD}")
    assert ask(office, "10.20.2.1", signed_zone.GOOD)[0] == NO_ERROR
    assert internet.asked == {"10.20.0.10"}


@pytest.mark.parametrize("zone", INNER)
def test_the_gateway_has_the_time(commune, internet, zone):
    """In every zone the gateway answers with the time of now."""
    gateway = commune.site.zones_of("ubnd")[zone].gateway
    with (
        commune.lab.probe(zone, site="ubnd") as station,
        open_socket(NETNS / station.netns, socket.SOCK_DGRAM) as asking,
    ):
        asking.settimeout(5)
        asking.connect((gateway, 123))
        asking.send(b"\x23" + bytes(47))
        answer = asking.recv(100)

    assert 1 <= answer[1] <= 15
    assert abs(struct.unpack("!I", answer[40:44])[0] - NTP_EPOCH - time.time()) < 5


def test_the_gateway_follows_its_servers(commune, internet):
    """The gateway takes its time from the servers that the profile names."""
    chronyc = "chronyc -h /run/chrony/chronyd.sock -c"
    followed = f"^,*,{internet.address},1,"

    def follows() -> bool:
        commune.on(ROUTER, f"{chronyc} burst 2/2 >/dev/null")
        return commune.on(ROUTER, f"{chronyc} sources").startswith(followed)

    wait_until(follows, "the gateway follows its server", seconds=60, step=1)
    assert commune.on(ROUTER, f"{chronyc} sources").startswith(followed)
