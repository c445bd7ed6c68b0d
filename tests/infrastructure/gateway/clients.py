"""Clients in all zones of both sites that answer on every port, and what one finds open on others."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import selectors
import socket
import threading
from collections.abc import Iterator

from smartcommune.lab.layout import NETNS
from smartcommune.lab.station import Station
from tests.deployment import Deployment
from tests.infrastructure.gateway.internet import open_socket

Place = tuple[str, str]  # site and zone
Port = tuple[str, int]  # protocol and number

ROUTERS = {"ubnd": "gateway-1", "truong": "gateway-2"}
WANS = ("wan", "wan2")
ZONES = ("wan", "edge", "office", "server", "wifi", "sensor", "management", "wan2")
PLACES = [(site, zone) for site in ROUTERS for zone in ZONES]
TCP = (*range(1, 1025), 1883, 3128, 3142, 3389, 5349, 5432, 8080, 8443, 8883, 9100, 10050, 10051, 51820)
UDP = (53, 67, 69, 123, 161, 443, 514, 853, 1812, 1900, 3478, 3479, 3480, 3481, 5349, 5353, 5683, 33434, 51820)
PORTS = {("tcp", port) for port in TCP} | {("udp", port) for port in UDP}
STATE = re.compile(r"(\d+)/(open|closed)/(tcp|udp)")
QUICK = ("-n", "-Pn", "-T4", "-oG", "-", "--min-rate")
EVERY_PORT = """
table ip sink {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    meta l4proto { tcp, udp } redirect to :9
  }
}
"""
AT_ONCE = 4


@contextlib.contextmanager
def answering(sockets: list[socket.socket]) -> Iterator[None]:
    """Answer every datagram that comes to one of some sockets, for as long as the block lasts."""
    over = threading.Event()

    def serve() -> None:
        with selectors.DefaultSelector() as selector:
            for each in sockets:
                each.settimeout(0)
                selector.register(each, selectors.EVENT_READ, each)
            while not over.is_set():
                for key, _ in selector.select(0.2):
                    with contextlib.suppress(OSError):
                        key.data.sendto(b"!", key.data.recvfrom(2048)[1])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def clients_everywhere(commune: Deployment) -> Iterator[dict[Place, Station]]:
    """A client in each zone that answers on every port; those at the operators know the routers as the way inside."""
    with contextlib.ExitStack() as stack:
        made: dict[Place, Station] = {}
        datagrams: list[socket.socket] = []
        for site, zone in PLACES:
            station = stack.enter_context(commune.lab.probe(zone, site=site))
            station.run(["nft", "-f", "-"], stdin=EVERY_PORT).check_returncode()
            listener = stack.enter_context(open_socket(NETNS / station.netns, socket.SOCK_STREAM, ("0.0.0.0", 9)))
            listener.listen(512)
            datagrams.append(stack.enter_context(open_socket(NETNS / station.netns, socket.SOCK_DGRAM, ("0.0.0.0", 9))))
            if zone in WANS:
                router = ipaddress.ip_network(commune.site.zones_of(site)[zone].prefix)[10]
                for other in (each.prefix for each in commune.site.zones_of(site).values() if each.name != zone):
                    station.run(["ip", "route", "add", other, "via", str(router)]).check_returncode()
            made[site, zone] = station
        stack.enter_context(answering(datagrams))
        yield made


def scan(station: Station, *targets: str, ports: set[Port] | None = None, rate: str = "4000") -> dict[str, set[Port]]:
    """Return the open ports of each target as a station finds them: of ``ports``, or all of TCP in a greater hurry.

    ``rate`` is how many packets a second are sent at least.
    """
    some: tuple[str, ...]
    if ports is None:
        some = ("-sS", *QUICK, "25000", "--max-retries", "1", "-p", "1-65535")
    else:
        listed = (f"{kind[0].upper()}:{port}" for kind, port in sorted(ports))
        some = ("-sS", "-sU", *QUICK, rate, "--max-retries", "2", "-p", ",".join(listed))
    done = station.run(["nmap", *some, *targets])
    assert done.returncode == 0, done.stderr
    found: dict[str, set[Port]] = {target: set() for target in targets}
    for line in done.stdout.splitlines():
        if line.startswith("Host: ") and "Ports: " in line:
            seen = STATE.findall(line)
            found[line.split()[1]] |= {(kind, int(port)) for port, state, kind in seen if state == "open"}
    return found


@contextlib.contextmanager
def planted(commune: Deployment, *rules: tuple[str, str]) -> Iterator[None]:
    """Put rules into chains of a router's table by hand, each (chain, rule), for as long as the block lasts."""
    router = ROUTERS["ubnd"]
    for chain, rule in rules:
        commune.on(router, f'nft insert rule inet commune_gateway {chain} {rule} comment "planted"')
    try:
        yield
    finally:
        for chain, _ in rules:
            handles = f"$(nft --handle list chain inet commune_gateway {chain} | sed -n 's/.*planted.*# handle //p')"
            commune.on(
                router, f"for each in {handles}; do nft delete rule inet commune_gateway {chain} handle $each; done"
            )
