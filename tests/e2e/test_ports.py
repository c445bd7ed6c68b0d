"""What the network shows from each zone is what the Site says, port by port, and nothing else."""

from __future__ import annotations

import re
import shutil

import pytest

OPEN = re.compile(r"(\d+)/open/tcp")


def scan(commune, zone, ports):
    """Return the open TCP ports of each host as a computer in ``zone`` finds them."""
    hosts = {host.address: host.name for host in commune.site.hosts}
    with commune.lab.probe(zone) as probe:
        done = probe.run(
            [
                "nmap",
                "-sS",
                "-n",
                "-Pn",
                "-p",
                ports,
                "--min-rate",
                "8000",
                "--max-retries",
                "2",
                "-T4",
                "-oG",
                "-",
                *hosts,
            ]
        )
    assert done.returncode == 0, done.stderr
    found = {name: set() for name in hosts.values()}
    for line in done.stdout.splitlines():
        if line.startswith("Host: ") and "Ports: " in line:
            found[hosts[line.split()[1]]] |= {int(port) for port in OPEN.findall(line)}
    return found


def expected(site, zone):
    """Return the TCP ports that the Site opens to ``zone``."""
    return {
        host.name: {rule.port for rule in host.inbound if rule.protocol == "tcp" and zone in rule.zones}
        for host in site.hosts
    }


@pytest.mark.parametrize("zone", ["wan", "edge", "office", "server", "wifi", "sensor", "management"])
def test_open_ports_are_the_sites(commune, zone):
    """All 65,535 ports of each host, seen from one zone, are open exactly where the Site says."""
    assert shutil.which("nmap"), "nmap is missing: tools/setup --tests"

    assert scan(commune, zone, "1-65535") == expected(commune.site, zone)
