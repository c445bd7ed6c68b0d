"""The network: zones, places in them, services opened to this computer."""

from __future__ import annotations

import dataclasses
import http.client
import subprocess

import pytest

from smartcommune.lab import network
from smartcommune.profile.network import ZONES


def test_the_network_read_is_the_network_made(running):
    """Every zone is there with its gateway, and making it again changes nothing."""
    made = running.lab.read_network()
    running.lab.ensure_network(made)
    assert running.lab.read_network() == made
    assert [zone.name for zone in made] == list(ZONES)


def test_a_lost_bridge_is_seen_and_made_again(running):
    """A zone whose bridge was deleted is missing from what is read, and back after ensure_network."""
    wanted = running.lab.read_network()
    subprocess.run(["ip", "-n", running.lab.netns, "link", "delete", "br-sensor"], check=True)
    assert "sensor" not in {zone.name for zone in running.lab.read_network()}
    running.lab.ensure_network(wanted)
    assert running.lab.read_network() == wanted


def test_a_changed_gateway_is_changed_in_place(running):
    """Another gateway address for a zone replaces the old one."""
    wanted = running.lab.read_network()
    changed = tuple(dataclasses.replace(z, gateway="10.77.5.2") if z.name == "sensor" else z for z in wanted)
    running.lab.ensure_network(changed)
    assert running.lab.read_network() == changed
    running.lab.ensure_network(wanted)
    assert running.lab.read_network() == wanted


def test_this_computer_has_no_way_into_the_lab(running):
    """Bridges and addresses live in the lab's namespace: this computer knows none of them."""
    here = subprocess.run(["ip", "-brief", "address"], capture_output=True, text=True, check=True).stdout
    assert "10.77." not in here
    assert "br-server" not in here


def test_no_ipv6_beside_the_site(running):
    """Neither the lab's links nor a machine's has an IPv6 address that the firewall matrix does not know."""
    inside = [item["family"] for link in network.links(running.lab.netns).values() for item in link["addr_info"]]
    assert set(inside) == {"inet"}
    assert running.ssh("server-1", "ip -6 -brief address show host0") == ""


def test_open_reaches_a_service_with_its_own_name(running):
    """A service of the lab answers on this computer's loopback, as to a visitor of the office, and close ends that."""
    running.ssh("server-1", "sudo systemd-run --quiet --unit=web python3 -m http.server 8000 --directory /etc")
    opened = running.lab.open(["cua-hang.example.test"], "10.77.3.10", 8000)
    assert running.lab.open(["cua-hang.example.test"], "10.77.3.10", 8000) == opened
    connection = http.client.HTTPConnection("127.0.0.1", opened.local_port, timeout=5)
    connection.request("GET", "/hostname", headers={"Host": "cua-hang.example.test"})
    assert connection.getresponse().read() == b"server-1\n"
    connection.close()
    assert f"MAP cua-hang.example.test:8000 127.0.0.1:{opened.local_port}" in opened.browser[1]
    assert "10.77.2.1" in running.ssh("server-1", "sudo journalctl --unit=web --output=cat")
    running.lab.close(opened.local_port)
    assert running.lab.forwards() == ()
    with pytest.raises(ConnectionRefusedError):
        connection.connect()


def test_a_shell_gets_in_without_the_network(running):
    """`lab shell` works on a machine whose link is cut."""
    running.lab.cut("server-1")
    argv = running.lab.shell_argv("server-1", "hostname; id -un")
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "server-1\nroot\n"


def test_logs_are_the_journal_then_the_console(running):
    """`lab logs` shows a running machine's journal and a stopped one's console."""
    shown = subprocess.run(running.lab.logs_argv("server-1", unit="ssh"), capture_output=True, text=True, check=True)
    assert "Server listening" in shown.stdout
    running.lab.stop("server-1")
    assert running.lab.logs_argv("server-1") == ("cat", str(running.lab.log_path("server-1")))
