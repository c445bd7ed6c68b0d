"""What the network shows from each zone is what the Site says, port by port, and nothing else."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

ZONES = ("wan", "edge", "office", "server", "wifi", "sensor", "management")
OPEN = re.compile(r"(\d+)/open/tcp")
AT_ONCE = 4
QUICK = ("-sS", "-n", "-Pn", "-p", "1-65535", "--min-rate", "25000", "--max-retries", "1", "-T5", "-oG", "-")


def expected(site, zone):
    """Return the TCP ports that the Site opens to ``zone``."""
    return {
        host.name: {rule.port for rule in host.inbound if rule.protocol == "tcp" and zone in rule.zones}
        for host in site.hosts
    }


def scan(commune, zone):
    """Return the open TCP ports of each host as a computer in ``zone`` finds them.

    The quick scan may lose a packet, so that ports that should be open are also tried by a connection.
    """
    hosts = {host.address: host.name for host in commune.site.hosts}
    with commune.lab.probe(zone) as probe:
        done = probe.run(["nmap", *QUICK, *hosts])
        wanted = expected(commune.site, zone)
        found = {
            name: {port for port in wanted[name] if probe.reaches(address, port)} for address, name in hosts.items()
        }
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        if line.startswith("Host: ") and "Ports: " in line:
            found[hosts[line.split()[1]]] |= {int(port) for port in OPEN.findall(line)}
    return found


@pytest.fixture(scope="module")
def scans(commune):
    """The scans from all zones, some at a time."""
    assert shutil.which("nmap"), "nmap is missing: tools/setup --tests"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(ZONES, pool.map(lambda zone: scan(commune, zone), ZONES), strict=True))


@pytest.mark.parametrize("zone", ZONES)
def test_open_ports_are_the_sites(commune, scans, zone):
    """Of all 65,535 ports of each host exactly those are open to a zone that the Site opens to it."""
    assert scans[zone] == expected(commune.site, zone)


def test_a_scan_finds_a_port_that_was_opened_by_hand(commune):
    """Positive control: a program that listens where it should not, with the firewall opened, is found."""
    host = commune.site.hosts[0].name
    rule = "tcp dport 4444 accept comment planted"
    commune.on(host, f"nft insert rule inet commune input {rule}")
    commune.on(host, "systemd-run --quiet --unit=planted-port python3 -m http.server 4444")
    try:
        commune.on(host, "timeout 20 sh -c 'until ss -Hltn sport = :4444 | grep -q .; do sleep 0.2; done'")
        assert scan(commune, "office")[host] == expected(commune.site, "office")[host] | {4444}
    finally:
        handle = "$(nft --handle list chain inet commune input | sed -n 's/.*planted.*# handle //p')"
        commune.on(host, f"systemctl stop planted-port; nft delete rule inet commune input handle {handle}")
