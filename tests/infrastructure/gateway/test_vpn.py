"""The VPN: two sites are one commune, and a technician from the province comes into the management zone."""

from __future__ import annotations

import subprocess

import pytest

from smartcommune.lab.layout import NETNS
from tests.infrastructure.gateway.conftest import TECHNICIAN
from tests.waiting import wait_until

ROUTERS = ("gateway-1", "gateway-2")
PATIENCE = 30.0


def moved(commune, router):
    """Return the bytes that a router sent and received through the VPN."""
    return sum(
        int(word) for line in commune.on(router, "wg show vpn transfer").splitlines() for word in line.split()[1:]
    )


def test_an_office_of_another_site_reaches_the_server(commune):
    """A computer in the school's office opens the commune's pages on the server of the town hall, and nothing more."""
    server = commune.site.host("server-1").address
    before = {router: moved(commune, router) for router in ROUTERS}
    with commune.lab.station("office", site="truong") as station:
        assert station.address.startswith("10.21.2.")
        wait_until(lambda: station.reaches(server, 443), "the way is there", seconds=PATIENCE, step=0.3)
        assert not station.reaches(server, 22)
        assert not station.reaches("10.20.2.1", 443)
        name = f"truy-xuat.{commune.site.domain}"
        found = station.run(["python3", "-c", f"import socket; print(socket.gethostbyname('{name}'))"])
    assert found.stdout.strip() == server, found.stderr
    assert all(moved(commune, router) > before[router] for router in ROUTERS)


def test_zones_that_are_closed_stay_closed_between_sites(commune):
    """The school's sensors do not reach the server's pages, which their zone is not let to."""
    server = commune.site.host("server-1").address
    with commune.lab.probe("office", site="truong") as office, commune.lab.probe("sensor", site="truong") as sensor:
        wait_until(lambda: office.reaches(server, 443), "the way is there", seconds=PATIENCE, step=0.3)
        assert not sensor.reaches(server, 443)


def test_no_router_knows_the_others_key(commune):
    """Each router has a private key of its own; of the other it has the public key alone."""
    private = {router: commune.on(router, "wg show vpn private-key").strip() for router in ROUTERS}
    public = {router: commune.on(router, "wg show vpn public-key").strip() for router in ROUTERS}

    assert private["gateway-1"] != private["gateway-2"]
    for router, other in (ROUTERS, ROUTERS[::-1]):
        text = commune.on(router, "grep -rs . /etc/wireguard /etc/commune-gateway")
        assert public[other] in text
        assert private[other] not in text


def test_addresses_of_another_site_are_taken_from_the_vpn_alone(commune):
    """One who sends from the school's addresses at the operator gets nothing, though the server would answer them."""
    server = commune.site.host("server-1").address
    with commune.lab.station("wan", site="ubnd", address="10.21.2.66") as liar:
        liar.run(["ip", "route", "replace", f"{server}/32", "via", "10.20.0.10", "dev", "host0"]).check_returncode()
        assert not liar.reaches(server, 443)


@pytest.fixture
def technician(commune, technician_key, tmp_path):
    """The technician's computer somewhere on the Internet, with its VPN up."""
    key = tmp_path / "key"
    key.write_text(technician_key[0])
    public = commune.on("gateway-1", "wg show vpn public-key").strip()
    address = f"10.20.6.{TECHNICIAN}"
    with commune.lab.probe("wan", site="ubnd") as station:
        program = station.start(["wireguard-go", "--foreground", "tun-vpn"])
        wait_until(
            lambda: station.run(["ip", "link", "show", "tun-vpn"]).returncode == 0,
            "the way is there",
            seconds=PATIENCE,
            step=0.3,
        )
        peer = ["peer", public, "endpoint", "10.20.0.10:51820", "allowed-ips", "10.20.0.0/21"]
        for words in (
            ["wg", "set", "tun-vpn", "private-key", str(key), *peer],
            ["ip", "address", "add", f"{address}/32", "dev", "tun-vpn"],
            ["ip", "link", "set", "tun-vpn", "up", "mtu", "1380"],
        ):
            station.run(words).check_returncode()
        yield station
        program.terminate()
        program.wait()


def route(station, address, device):
    """Send what goes to an address of the commune through a device of the station."""
    source = ["src", f"10.20.6.{TECHNICIAN}"] if device == "tun-vpn" else []
    via = [] if device == "tun-vpn" else ["via", "10.20.0.10"]
    station.run(["ip", "route", "replace", address, *via, "dev", device, *source]).check_returncode()


def test_a_technician_manages_machines_through_the_vpn_alone(commune, technician):
    """By the VPN the technician reaches the SSH of the machines; from the Internet itself nobody does."""
    server = commune.site.host("server-1").address
    for address in (server, "10.20.6.1"):
        route(technician, address, "tun-vpn")
        wait_until(
            lambda target=address: technician.reaches(target, 22), "the way is there", seconds=PATIENCE, step=0.3
        )
    assert not technician.reaches("10.20.0.10", 22)
    route(technician, server, "host0")
    assert not technician.reaches(server, 22)


def test_a_technician_has_one_address(commune, technician):
    """With the right key but another's address nobody comes through the VPN."""
    server = commune.site.host("server-1").address
    route(technician, server, "tun-vpn")
    wait_until(lambda: technician.reaches(server, 22), "the way is there", seconds=PATIENCE, step=0.3)
    for words in (["address", "add", "10.20.6.77/32", "dev", "tun-vpn"],
                  ["route", "replace", server, "dev", "tun-vpn", "src", "10.20.6.77"]):  # fmt: skip
        technician.run(["ip", *words]).check_returncode()
    assert not technician.reaches(server, 22)


def test_a_stranger_gets_no_answer(commune, tmp_path):
    """One whose key the profile does not name gets no handshake."""
    key = tmp_path / "key"
    key.write_text(subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout)
    public = commune.on("gateway-1", "wg show vpn public-key").strip()
    with commune.lab.probe("wan", site="ubnd") as station:
        program = station.start(["wireguard-go", "--foreground", "tun-vpn"])
        wait_until(
            lambda: station.run(["ip", "link", "show", "tun-vpn"]).returncode == 0,
            "the way is there",
            seconds=PATIENCE,
            step=0.3,
        )
        peer = ["peer", public, "endpoint", "10.20.0.10:51820", "allowed-ips", "10.20.0.0/21"]
        station.run(["wg", "set", "tun-vpn", "private-key", str(key), *peer]).check_returncode()
        station.run(["ip", "address", "add", f"10.20.6.{TECHNICIAN}/32", "dev", "tun-vpn"]).check_returncode()
        station.run(["ip", "link", "set", "tun-vpn", "up"]).check_returncode()
        route(station, commune.site.host("server-1").address, "tun-vpn")

        assert not station.reaches(commune.site.host("server-1").address, 22)
        assert station.run(["wg", "show", "tun-vpn", "latest-handshakes"]).stdout.split()[1] == "0"
        program.terminate()
        program.wait()
    assert (NETNS / station.netns).exists() is False
