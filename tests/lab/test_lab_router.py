"""A router and the machines behind it, before any role is there: ways, cuts, losses, and what lies around."""

from __future__ import annotations

import http.client
import subprocess
import time

import pytest

from smartcommune.lab import network
from smartcommune.lab.errors import LabUsageError
from smartcommune.lab.topology import INTERNET
from smartcommune.transports import lab_socket
from tests.lab.conftest import OWNER, routed_zones

LAB_ZONES = routed_zones()
SERVER, PROXY = "10.78.3.10", ("10.78.0.1", 3142)
LISTEN = "import socket, sys, time; held = socket.create_server((sys.argv[1], 22)); time.sleep(600)"
OPENS = "python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)' {} {}"


def opens(running, host: str, address: str, port: int) -> bool:
    """Return whether a machine opens a connection."""
    argv = running.lab.shell_argv(host, OPENS.format(address, port))
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def lab_ends(running) -> dict[str, dict]:
    """Return the lab's ends of links by what they are plugged into."""
    return network.links(running.lab.netns)


def test_a_router_has_a_link_in_every_zone(running):
    """Each link is named after its zone and has its address; the machine's own one comes first in its record."""
    shown = running.ssh("gateway-1", "ip -brief -4 address")
    links = {line.split()[0].partition("@")[0]: line.split()[2] for line in shown.splitlines()}
    assert links == {
        "lo": "127.0.0.1/8",
        "wan": "10.78.0.10/24",
        "edge": "10.78.1.1/24",
        "office": "10.78.2.1/24",
        "server": "10.78.3.1/24",
        "wifi": "10.78.4.1/24",
        "sensor": "10.78.5.1/24",
        "management": "10.78.6.1/24",
        "wan2": "10.78.7.10/24",
    }
    state = running.lab.read_machine("gateway-1")
    assert [link.name for link in state.links][:2] == ["edge", "wan"]
    assert state.link_up
    assert state.lost_links == ()


def test_zones_reach_each_other_through_the_router(running):
    """Before any role the toolkit, a place in the office and the package proxy are all reached through the router."""
    assert running.ssh("server-1", "ip route show default").split()[:3] == ["default", "via", "10.78.3.1"]
    assert "10.78.6.254" in running.ssh("server-1", "echo $SSH_CONNECTION")
    with running.lab.probe("office") as probe:
        assert probe.reaches(SERVER, 22)
    assert opens(running, "server-1", *PROXY)
    assert running.lab.read_network() == LAB_ZONES


def test_without_the_router_no_zone_reaches_another(running):
    """The namespace forwards nothing between zones: neither as the router's stand-in nor by the toolkit's address."""
    running.lab.stop("gateway-1")
    with running.lab.probe("office") as office, running.lab.probe("management") as management:
        assert not office.reaches(SERVER, 22, timeout=1)
        for target in ("10.78.3.0/24", "10.78.0.0/24", "10.78.8.0/21"):
            management.run(["ip", "route", "add", target, "via", "10.78.6.254"])
        assert not management.reaches(SERVER, 22, timeout=1)
        assert not management.reaches("10.78.0.10", 22, timeout=1)
    running.lab.ensure_machine(running.spec("gateway-1"), OWNER)
    running.lab.wait_ready("server-1")


def test_one_link_is_cut_and_restored(running):
    """A router cut from one zone still serves the others, also after it is started anew, until restored."""
    with running.lab.probe("office") as office, running.lab.probe("wifi") as wifi:
        assert office.reaches(SERVER, 22)
        running.lab.cut("gateway-1", zone="office")
        assert not office.reaches(SERVER, 22, timeout=1)
        assert wifi.reaches(SERVER, 22)
        running.lab.kill("gateway-1")
        running.lab.start("gateway-1")
        running.lab.wait_ready("gateway-1")
        states = {link.name: link for link in running.lab.read_machine("gateway-1").links}
        assert (states["office"].up, states["office"].cut, states["office"].plugged) == (False, True, True)
        assert states["wifi"].up
        assert not office.reaches(SERVER, 22, timeout=1)
        running.lab.restore("gateway-1", zone="office")
        assert office.reaches(SERVER, 22, timeout=10)


def test_a_link_that_is_not_there_is_named(running):
    """An ordinary machine has one zone: another one is refused with the one it has."""
    with pytest.raises(LabUsageError, match="no link in zone wifi"):
        running.lab.cut("server-1", zone="wifi")


def test_a_lost_link_is_seen_and_the_machine_started_anew(running):
    """A link deleted by hand is told; ensuring the machine starts it anew, since its services had bound to the link."""
    before = running.lab.read_machine("gateway-1")
    name = next(name for name, link in lab_ends(running).items() if link.get("master") == "br-office")
    subprocess.run(["ip", "-n", running.lab.netns, "link", "delete", name], check=True)
    assert running.lab.read_machine("gateway-1").lost_links == ("office",)

    after = running.lab.ensure_machine(running.spec("gateway-1"), OWNER)
    assert after.pid != before.pid
    running.lab.wait_ready("gateway-1")
    assert running.lab.read_machine("gateway-1").lost_links == ()
    assert "Reached target shutdown.target" in running.lab.log_path("gateway-1").with_suffix(".log.1").read_text()
    with running.lab.probe("office") as office:
        assert office.reaches(SERVER, 22, timeout=10)


def test_a_link_on_the_wrong_bridge_is_put_right(running):
    """Machines are plugged into a bridge that was made anew when the network is ensured."""
    subprocess.run(["ip", "-n", running.lab.netns, "link", "delete", "br-server"], check=True)
    assert running.lab.read_machine("server-1").lost_links == ("host0",)
    running.lab.ensure_network(LAB_ZONES)
    assert running.lab.read_machine("server-1").lost_links == ()
    running.lab.wait_ready("server-1")


def test_routing_lost_is_seen_and_made_again(running):
    """A route or a rule deleted by hand makes its zone incomplete until the network is ensured."""
    ip = ["ip", "-n", running.lab.netns]
    subprocess.run([*ip, "route", "flush", "table", "120"], check=True)
    subprocess.run([*ip, "rule", "delete", "pref", "101", "iif", "br-wifi"], check=True)
    there = running.lab.read_network()
    assert {zone.name for zone in LAB_ZONES if zone not in there} == {"management", "wifi"}
    running.lab.ensure_network(LAB_ZONES)
    assert running.lab.read_network() == LAB_ZONES


def test_the_internet_is_down_when_the_wan_is_cut(running):
    """With zone wan cut there are no packages, and the machines are still managed; restored, all is as before."""
    running.lab.cut("wan", site="ubnd")
    assert not opens(running, "server-1", *PROXY)
    assert running.ssh("server-1", "hostname") == "server-1"
    assert running.lab.read_network() == LAB_ZONES
    running.lab.restore("wan", site="ubnd")
    assert opens(running, "server-1", *PROXY)


def wait_open(running, address: str, port: int, program: subprocess.Popen) -> None:
    """Wait until a program that was started in the lab's namespace listens."""
    while True:
        try:
            lab_socket.connect(running.lab.netns, address, port).close()
        except OSError:
            assert program.poll() is None, "it has ended"
            time.sleep(0.05)
        else:
            return


def test_an_address_beyond_the_operator_answers_the_wans_only(running):
    """A program on the Internet's address is reached from the router by either wan, and from no zone untranslated."""
    argv = ["python3", "-m", "http.server", "8000", "--bind", INTERNET, "--directory", "/run/netns"]
    inside = ["nsenter", f"--net=/run/netns/{running.lab.netns}", "--", *argv]
    with subprocess.Popen(inside, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as web:
        try:
            wait_open(running, INTERNET, 8000, web)
            assert opens(running, "gateway-1", INTERNET, 8000)
            assert not opens(running, "server-1", INTERNET, 8000)
            running.ssh("gateway-1", "sudo ip route replace default via 10.78.7.1")
            running.lab.cut("wan")
            assert opens(running, "gateway-1", INTERNET, 8000)
        finally:
            web.kill()
            running.lab.restore("wan")
            running.ssh("gateway-1", "sudo ip route replace default via 10.78.0.1")


def test_a_service_behind_the_router_opens_to_this_computer(running):
    """A browser of this computer comes to it as a visitor in the zone, through the router."""
    running.ssh("server-1", "sudo systemd-run --quiet --unit=web python3 -m http.server 8000 --directory /etc")
    opened = running.lab.open(["cua-hang.example.test"], SERVER, 8000, zone="office")
    connection = http.client.HTTPConnection("127.0.0.1", opened.local_port, timeout=5)
    connection.request("GET", "/hostname", headers={"Host": "cua-hang.example.test"})
    assert connection.getresponse().read() == b"server-1\n"
    connection.close()
    assert "10.78.2.253" in running.ssh("server-1", "sudo journalctl --unit=web --output=cat")
    running.lab.close(opened.local_port)


def test_a_device_on_the_loopback_answers_in_its_zone(running):
    """An address of zone management that the namespace has besides its own is reached through the router."""
    device, ip = "10.78.6.200", ["ip", "-n", running.lab.netns, "address"]
    argv = ["nsenter", f"--net=/run/netns/{running.lab.netns}", "--", "python3", "-c", LISTEN, device]
    subprocess.run([*ip, "add", f"{device}/32", "dev", "lo"], check=True)
    with subprocess.Popen(argv) as program:
        try:
            wait_open(running, device, 22, program)
            assert opens(running, "server-1", device, 22)
            running.lab.ensure_network(LAB_ZONES)
            assert opens(running, "server-1", device, 22)
        finally:
            program.kill()
            subprocess.run([*ip, "delete", f"{device}/32", "dev", "lo"], check=True)


def test_a_router_without_power_is_started_again(running):
    """After a power cut of the router its machine is there again as before, with all links."""
    running.lab.kill("gateway-1", power=True)
    assert running.lab.read_machine("gateway-1").status == "stopped"
    running.boot()
    assert running.lab.read_machine("gateway-1").lost_links == ()
    assert running.ssh("server-1", "hostname") == "server-1"


def test_a_router_that_reboots_has_its_links_again(running):
    """A reboot from inside gives the same links; the machines behind are reached again."""
    running.lab.reboot("gateway-1")
    running.lab.wait_ready("gateway-1")
    assert running.lab.read_machine("gateway-1").lost_links == ()
    assert running.ssh("server-1", "hostname") == "server-1"
