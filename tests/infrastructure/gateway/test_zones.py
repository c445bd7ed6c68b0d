"""What passes between any two zones is what the Site says, port by port; what nobody named does not."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartcommune.lab.layout import NETNS
from smartcommune.lab.namespaces import set_network_sysctl
from tests.infrastructure.gateway.internet import open_socket

ROUTER = "gateway-1"
WANS = ("wan", "wan2")
ZONES = ("wan", "edge", "office", "server", "wifi", "sensor", "management", "wan2")
PORTS = (*range(1, 1025), 1883, 3128, 3142, 3389, 5349, 5432, 8080, 8443, 8883, 9100, 10050, 10051, 51820)
OPEN = re.compile(r"(\d+)/open/tcp")
QUICK = ("-sS", "-n", "-Pn", "-T4", "-oG", "-", "--min-rate")
EVERY_PORT = """
table ip sink {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    meta l4proto tcp redirect to :9
  }
}
"""
AT_ONCE = 4


@pytest.fixture(scope="module")
def stations(commune):
    """A client in each zone that takes a connection on every TCP port, and knows the router as the way to the zones."""
    with contextlib.ExitStack() as stack:
        made = {}
        for zone in ZONES:
            station = stack.enter_context(commune.lab.probe(zone, site="ubnd"))
            station.run(["nft", "-f", "-"], stdin=EVERY_PORT).check_returncode()
            listener = stack.enter_context(open_socket(NETNS / station.netns, socket.SOCK_STREAM, ("0.0.0.0", 9)))
            listener.listen(512)
            if zone in WANS:
                gateway = str(ipaddress.ip_network(f"{station.address}/24", strict=False)[10])
                block = commune.site.zones_of("ubnd")["wan"].prefix.replace("/24", "/21")
                station.run(["ip", "route", "add", block, "via", gateway]).check_returncode()
            made[zone] = station
        yield made


def scan(station, *targets, ports=None):
    """Return the open TCP ports of each target as a station finds them: of ``ports``, or of all in a greater hurry."""
    some = ("4000", "--max-retries", "2", "-p", ",".join(map(str, ports or ())))
    done = station.run(
        ["nmap", *QUICK, *(some if ports else ("25000", "--max-retries", "1", "-p", "1-65535")), *targets]
    )
    assert done.returncode == 0, done.stderr
    found = {target: set() for target in targets}
    for line in done.stdout.splitlines():
        if line.startswith("Host: ") and "Ports: " in line:
            found[line.split()[1]] |= {int(port) for port in OPEN.findall(line)}
    return found


def covers(place, address):
    """Return whether an address lies in a prefix, or is that address."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(place)


def same(one, other):
    """Return whether two zones are the same to the rules: both WANs are the outside."""
    return one == other or (one in WANS and other in WANS)


def passes(site, origin, target):
    """Return the TCP ports by which the Site lets ``origin`` reach ``target``, each a (zone, address)."""
    return {
        port
        for rule in site.host(ROUTER).forward
        if same(rule.from_zone, origin[0]) and same(rule.to_zone, target[0])
        if covers(rule.source, origin[1]) and covers(rule.destination, target[1]) and rule.protocol in ("tcp", "any")
        for port in rule.ports
        if port in PORTS
    }


@pytest.fixture(scope="module")
def seen(stations):
    """What each station finds open on all others."""

    def look(zone):
        others = {other.address: name for name, other in stations.items() if name != zone}
        found = scan(stations[zone], *others, ports=PORTS)
        return {others[address]: ports for address, ports in found.items()}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(ZONES, pool.map(look, ZONES), strict=True))


@pytest.mark.parametrize("zone", ZONES)
def test_between_two_zones_passes_the_matrix(commune, stations, seen, zone):
    """From one zone exactly those ports of a client in each other zone are open that the Site names."""
    here = (zone, stations[zone].address)
    wanted = {
        other: passes(commune.site, here, (other, station.address))
        for other, station in stations.items()
        if other != zone
    }

    assert seen[zone] == wanted


def test_something_passes(seen):
    """Positive control: the scans would have seen open ports; the office's web and mail are among them."""
    assert {80, 443, 993} <= seen["office"]["wan"]


@pytest.mark.parametrize("zone", ["office", "wifi", "sensor", "wan"])
def test_machines_show_what_the_site_opens(commune, stations, zone):
    """Of all 65,535 ports of the site's machines exactly those are open to a zone that the Site opens to it.

    The quick scan may lose a packet, so that ports that should be open are also tried by a connection.
    """
    wanted = {}
    for host in ("gateway-1", "server-1"):
        rules = [rule for rule in commune.site.host(host).inbound if rule.protocol == "tcp" and zone in rule.zones]
        address = commune.site.host(host).address
        wanted[address] = {rule.port for rule in rules}
    if zone == "wan":  # the router itself shows its neighbours there what it publishes, at its own address
        outer = next(link.address for link in commune.site.host(ROUTER).interfaces if link.zone == "wan")
        wanted = {commune.site.host("server-1").address: {80, 443}, outer: {80, 443}}

    found = scan(stations[zone], *wanted)
    for address, ports in wanted.items():
        found[address] |= {port for port in ports if stations[zone].reaches(address, port)}
    assert found == wanted


def test_no_zone_speaks_for_another(commune):
    """A client of the Wi-Fi zone that takes an address of the office gets nowhere that the office gets."""
    server = commune.site.host("server-1").address
    office = commune.site.zones_of("ubnd")["office"].prefix.rpartition(".")[0]
    with commune.lab.probe("office", site="ubnd") as honest:
        assert honest.reaches(server, 443)
    with commune.lab.station("wifi", site="ubnd", address=f"{office}.199") as liar:
        assert not liar.reaches(server, 443)
    assert "spoofed" in commune.on(ROUTER, "nft list chain inet commune_gateway spoofing")


def test_a_rule_added_by_hand_is_seen(commune, stations):
    """Positive control: a hole that somebody opens between two zones is found by the scan."""
    sensor, management = stations["sensor"], stations["management"]
    rule = 'iifname "sensor" oifname "management" tcp dport 8080 accept comment "planted"'
    commune.on(ROUTER, f"nft insert rule inet commune_gateway forward {rule}")
    try:
        assert scan(sensor, management.address, ports=(22, 8080)) == {management.address: {8080}}
    finally:
        handles = "$(nft --handle list chain inet commune_gateway forward | sed -n 's/.*planted.*# handle //p')"
        commune.on(ROUTER, f"for each in {handles}; do nft delete rule inet commune_gateway forward handle $each; done")


def test_ipv6_does_not_pass(commune, stations):
    """Two clients who give themselves IPv6 addresses and take the router as their way out do not reach each other."""
    office, wifi = stations["office"], stations["wifi"]
    links = commune.on(ROUTER, "ip -brief link show")
    router = {line.split("@")[0].split()[0]: line.split()[2] for line in links.splitlines() if line.split()}
    for number, station, zone in ((1, office, "office"), (2, wifi, "wifi")):
        set_network_sysctl(NETNS / station.netns, {"net/ipv6/conf/host0/disable_ipv6": "0"})
        for words in (
            ["address", "add", f"2001:db8:{number}::9/64", "dev", "host0", "nodad"],
            ["neigh", "replace", f"2001:db8:{number}::1", "lladdr", router[zone], "dev", "host0"],
            ["route", "replace", "default", "via", f"2001:db8:{number}::1"],
        ):
            station.run(["ip", "-6", *words]).check_returncode()
    heard = office.run(["nmap", "-6", "-sT", "-n", "-Pn", "-p", "9", "--max-retries", "0", "2001:db8:2::9"])

    assert "9/tcp open" not in heard.stdout
    assert "(1 host up)" in heard.stdout, heard.stdout + heard.stderr
    assert commune.on(ROUTER, "ip -6 -oneline address show scope link") == ""
