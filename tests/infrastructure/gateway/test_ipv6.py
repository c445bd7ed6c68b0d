"""By IPv6 nothing passes: the matrix is IPv4's, and a second way beside it would be a hole."""

from __future__ import annotations

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartcommune.lab.layout import NETNS
from smartcommune.lab.namespaces import set_network_sysctl
from tests.infrastructure.gateway.clients import AT_ONCE, QUICK, ROUTERS, STATE, ZONES, planted
from tests.infrastructure.gateway.internet import open_socket


def address6(zone, last="9"):
    """Return an IPv6 address in a network of a zone's own."""
    return f"2001:db8:{ZONES.index(zone) + 1}::{last}"


@pytest.fixture
def stations6(commune, stations):
    """The clients of one site, with IPv6 addresses and the router as their way out, as somebody may set them up."""
    router = ROUTERS["ubnd"]
    links = commune.on(router, "ip -brief link show")
    routers = {line.split("@")[0].split()[0]: line.split()[2] for line in links.splitlines() if line.split()}
    found = {zone: stations["ubnd", zone] for zone in ZONES}
    with contextlib.ExitStack() as stack:
        for zone, station in found.items():
            set_network_sysctl(NETNS / station.netns, {"net/ipv6/conf/host0/disable_ipv6": "0"})
            stack.callback(set_network_sysctl, NETNS / station.netns, {"net/ipv6/conf/host0/disable_ipv6": "1"})
            for words in (
                ["address", "add", f"{address6(zone)}/64", "dev", "host0", "nodad"],
                ["neigh", "replace", address6(zone, "1"), "lladdr", routers[zone], "dev", "host0"],
                ["route", "replace", "default", "via", address6(zone, "1")],
            ):
                station.run(["ip", "-6", *words]).check_returncode()
            place = ("::", 9)
            listener = stack.enter_context(
                open_socket(NETNS / station.netns, socket.SOCK_STREAM, place, family=socket.AF_INET6)
            )
            listener.listen(16)
        yield found


@pytest.fixture
def careless(commune, stations6):
    """The router with IPv6 switched on by hand: addresses in all zones, and forwarding."""
    begin, end = ["sysctl -qw net.ipv6.conf.all.forwarding=1"], ["sysctl -qw net.ipv6.conf.all.forwarding=0"]
    for zone, station in stations6.items():
        begin += [
            f"ip -6 address add {address6(zone, '1')}/64 dev {zone} nodad",
            f"ip -6 neigh replace {address6(zone)} lladdr {station.hardware_address} dev {zone}",
        ]
        end += [f"ip -6 address delete {address6(zone, '1')}/64 dev {zone}; ip -6 neigh flush dev {zone}"]
    commune.on(ROUTERS["ubnd"], f"set -e; {'; '.join(begin)}")
    yield
    commune.on(ROUTERS["ubnd"], "; ".join(end))


def scan6(stations6, zone):
    """Return what a client finds of the others by IPv6: those whose port answers in any way."""
    others = {address6(other): other for other in ZONES if other != zone}
    heard = stations6[zone].run(
        ["nmap", "-6", "-sT", *QUICK, "100", "-p", "9", "--max-retries", "1", *others, address6(zone, "1")]
    )
    assert heard.returncode == 0, heard.stderr
    assert heard.stdout.count("Status: Up") == len(others) + 1
    return {
        others.get(line.split()[1], "router")
        for line in heard.stdout.splitlines()
        if line.startswith("Host: ") and STATE.search(line)
    }


def test_ipv6_does_not_pass(commune, stations6, careless):
    """By IPv6 nobody reaches another zone, nor the router, although the router would route it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(ZONES, pool.map(lambda zone: scan6(stations6, zone), ZONES), strict=True))
    assert found == {zone: set() for zone in ZONES}

    # Positive control: without the rule that drops it, it would pass.
    with planted(
        commune, ("spoofing", "meta nfproto ipv6 accept"), ("forward", 'meta nfproto ipv6 iifname "office" accept'),
        ("forward", 'meta nfproto ipv6 oifname "office" accept')
    ):  # fmt: skip
        assert scan6(stations6, "office") == set(ZONES) - {"office"}


def test_the_routers_have_no_ipv6(commune):
    """No router has an address of IPv6 on any link, or would route it."""
    for router in ROUTERS.values():
        assert commune.on(router, "ip -6 -oneline address show | grep -v ' lo '", codes=(0, 1)) == ""
        assert commune.on(router, "sysctl --values net.ipv6.conf.all.forwarding").strip() == "0"
