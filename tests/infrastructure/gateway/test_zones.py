"""What passes between any two zones is what the Site names, port by port; what nobody named does not pass.

A client stands in each zone of both sites and answers on every port; each looks at all others, and at the machines.
"""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.infrastructure.gateway.clients import AT_ONCE, PLACES, PORTS, ROUTERS, WANS, planted, scan


def covers(place, address):
    """Return whether an address lies in a prefix, or is that address."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(place)


def same(one, other):
    """Return whether two zones are the same to the rules: both WANs are the outside."""
    return one == other or (one in WANS and other in WANS)


def lets(site, router, origin, target):
    """Return the ports by which a router lets ``origin`` reach ``target``, each a (zone, address)."""
    return {
        (rule.protocol, port)
        for rule in site.host(router).forward
        if same(rule.from_zone, origin[0]) and same(rule.to_zone, target[0])
        if covers(rule.source, origin[1]) and covers(rule.destination, target[1])
        for port in rule.ports
    } & PORTS


def wanted_of(commune, stations, place, other):
    """Return the ports of the client in ``other`` that the Site lets the one in ``place`` reach."""
    here, there = stations[place].address, stations[other].address
    if place[0] == other[0]:
        return lets(commune.site, ROUTERS[place[0]], (place[1], here), (other[1], there))
    out = lets(commune.site, ROUTERS[place[0]], (place[1], here), ("vpn", there))
    return out & lets(commune.site, ROUTERS[other[0]], ("vpn", here), (other[1], there))


def shown_by(host, place):
    """Return the TCP ports that a machine shows to a zone by the Site, as far as these tests look."""
    site, zone = place
    return {
        ("tcp", rule.port)
        for rule in host.inbound
        if rule.protocol == "tcp" and any(same(zone, each) for each in rule.zones)
        if site == host.site or not (rule.local or zone in WANS)
    } & PORTS


def others_of(commune, stations, place):
    """Return the addresses that a client looks at, by name: all clients in other zones, all machines.

    From an operator's side only its own site is tried: of the other one the operator knows no way inside.
    """
    site, zone = place
    sites = {site} if zone in WANS else set(ROUTERS)
    clients = [
        each for each in stations if each != place and each[0] in sites and (each[0] == site or each[1] not in WANS)
    ]
    found = {each: stations[each].address for each in clients}
    return found | {host.name: host.address for host in commune.site.hosts if host.site in sites}


@pytest.fixture(scope="module")
def seen(commune, stations):
    """What each client finds open on all others and on the machines."""
    named = {(rule.protocol, port) for router in ROUTERS.values()
             for rule in commune.site.host(router).forward for port in rule.ports}  # fmt: skip

    def look(place):
        names = {address: name for name, address in others_of(commune, stations, place).items()}
        found = scan(stations[place], *names, ports=PORTS)
        again = scan(stations[place], *names, ports=named, rate="200")  # a hurried scan may lose packets
        return {names[address]: ports | again[address] for address, ports in found.items()}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(PLACES, pool.map(look, PLACES), strict=True))


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_between_two_zones_passes_the_matrix(commune, stations, seen, place):
    """From one zone exactly those ports of a client in each other zone, of both sites, are open that the Site names."""
    found = {other: ports for other, ports in seen[place].items() if isinstance(other, tuple)}

    assert found == {other: wanted_of(commune, stations, place, other) for other in found}
    assert len(found) == (7 if place[1] in WANS else 13)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_machines_show_a_zone_what_the_site_opens_to_it(commune, seen, place):
    """Of each machine, of both sites, exactly those TCP ports are open to a zone that the Site opens to it."""
    found = {
        name: {each for each in ports if each[0] == "tcp"}
        for name, ports in seen[place].items()
        if isinstance(name, str)
    }

    assert found == {name: shown_by(commune.site.host(name), place) for name in found}
    assert found


def test_something_passes(seen):
    """Positive control: the scans see open ports, of both protocols, and through the VPN."""
    assert {("tcp", 80), ("tcp", 993), ("udp", 443), ("udp", 3478)} <= seen["ubnd", "office"]["ubnd", "wan"]
    assert ("tcp", 443) in seen["truong", "office"]["server-1"]
    assert ("tcp", 443) in seen["ubnd", "wan"]["server-1"]


WHOLE = [("ubnd", "office"), ("ubnd", "wifi"), ("ubnd", "sensor"), ("ubnd", "wan"), ("truong", "wan")]


@pytest.mark.parametrize("place", WHOLE, ids="-".join)
def test_no_other_port_of_a_machine_is_open(commune, stations, place):
    """Of all 65,535 TCP ports of the router and the server exactly those are open that the Site opens.

    The quick scan may lose a packet, so that ports that should be open are also tried by a connection.
    """
    site, zone = place
    router = commune.site.host(ROUTERS[site])
    machines = [host for host in commune.site.hosts if host.site == site]
    wanted = {host.address: {("tcp", r.port) for r in host.inbound if r.protocol == "tcp" and zone in r.zones}
              for host in machines}  # fmt: skip
    if zone == "wan":  # what is published is open at the router's own address there
        outer = next(link.address for link in router.interfaces if link.zone == "wan")
        wanted[outer] = {port for ports in wanted.values() for port in ports}

    found = scan(stations[place], *wanted)
    for address, ports in wanted.items():
        found[address] |= {(kind, port) for kind, port in ports if stations[place].reaches(address, port)}
    assert found == wanted


def test_no_zone_speaks_for_another(commune):
    """A client of the Wi-Fi zone that takes an address of the office gets nowhere that the office gets."""
    server = commune.site.host("server-1").address
    office = commune.site.zones_of("ubnd")["office"].prefix.rpartition(".")[0]
    with commune.lab.probe("office", site="ubnd") as honest:
        assert honest.reaches(server, 443)
    with commune.lab.station("wifi", site="ubnd", address=f"{office}.199") as liar:
        assert not liar.reaches(server, 443)
    assert "spoofed" in commune.on(ROUTERS["ubnd"], "nft list chain inet commune_gateway spoofing")


def test_a_rule_added_by_hand_is_seen(commune, stations):
    """Positive control: a hole that somebody opens between two zones is found by the scan."""
    sensor, management = stations["ubnd", "sensor"], stations["ubnd", "management"]
    ports = {("tcp", 22), ("tcp", 8080), ("udp", 161), ("udp", 514)}
    with planted(
        commune,
        ("forward", 'iifname "sensor" oifname "management" tcp dport 8080 accept'),
        ("forward", 'iifname "sensor" oifname "management" udp dport 161 accept'),
    ):
        assert scan(sensor, management.address, ports=ports) == {management.address: {("tcp", 8080), ("udp", 161)}}
