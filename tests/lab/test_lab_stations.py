"""Stations: clients in a zone, their addresses, their name service, and that nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from smartcommune.lab import background, cleanup, network, place
from smartcommune.lab.errors import LabError, LabUsageError
from smartcommune.lab.lab import Lab
from smartcommune.lab.topology import INTERNET
from tests.lab.conftest import routed_zones
from tests.waiting import wait_until

MANY = 8
KNOWN = tuple(f"02:00:00:00:00:{number:02x}" for number in range(1, MANY + 1))
# It waits two seconds before it offers an address, in case somebody has it, but for those it knows beforehand.
DHCP_SERVER = """
interface host0
start 10.78.4.100
end 10.78.4.110
lease_file {folder}/leases
pidfile {folder}/udhcpd.pid
max_leases 10
option subnet 255.255.255.0
option router 10.78.4.1
option dns 10.78.4.1 10.78.4.2
option domain phuthong.example
""" + "".join(f"static_lease {known} 10.78.4.{100 + number}\n" for number, known in enumerate(KNOWN))
LISTEN = "import socket, sys, time; held = socket.create_server((sys.argv[1], int(sys.argv[2]))); time.sleep(600)"
SERVE = ("python3", "-c", LISTEN)
STAND = """
import sys
from pathlib import Path
from smartcommune.lab.lab import Lab
with Lab(sys.argv[1], state=Path(sys.argv[2])).station("wifi") as station:
    print(station.address, flush=True)
    station.start(["env", "--ignore-environment", "sleep", "60"])
    station.run(["sleep", "60"])
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A lab of two sites with routers: the network alone, no machine."""
    state = tmp_path_factory.mktemp("state")
    made = Lab(f"test-{os.getpid()}-stations", state=state)
    try:
        made.ensure_network(routed_zones())
        yield made
    finally:
        made.clean()


@contextmanager
def dhcp_server(lab, folder):
    """Serve addresses in zone wifi, as its router would."""
    (folder / "leases").touch()
    (folder / "udhcpd.conf").write_text(DHCP_SERVER.format(folder=folder))
    with lab.station("wifi", dhcp=False, address="10.78.4.1") as router:
        program = router.start(["busybox", "udhcpd", "-f", str(folder / "udhcpd.conf")])
        yield router
        assert program.poll() is None


def wait_reaches(station, address, port, seconds=10):
    """Wait until a program that was just started listens."""
    listens = f"something listens at {address}:{port}"
    wait_until(lambda: station.reaches(address, port, timeout=1), listens, seconds=seconds, step=0.05)


def stations_of(lab):
    """Return the namespaces of the lab's stations."""
    return [name for name in network.namespaces_present() if name.startswith(f"{lab.netns}-station-")]


def test_a_static_station_sees_its_zone_only(lab):
    """It has one link with an address of its zone, reaches its neighbour there, and nothing in another zone."""
    with (
        lab.probe("office") as station,
        lab.probe("office") as neighbour,
        lab.probe("wifi") as other,
    ):
        assert station.address != neighbour.address
        shown = station.run(["ip", "-brief", "-4", "address"]).stdout.splitlines()
        assert [line.split()[2] for line in shown] == ["127.0.0.1/8", f"{station.address}/24"]
        for server in (neighbour, other):
            server.start([*SERVE, server.address, "8000"])
        wait_reaches(other, other.address, 8000)
        wait_reaches(station, neighbour.address, 8000)
        assert not station.reaches(other.address, 8000, timeout=1)
        assert not station.reaches("10.78.0.1", 3142, timeout=1)
    assert stations_of(lab) == []
    assert list(lab.layout.stations.iterdir()) == []


def test_clients_of_the_radio_do_not_see_each_other(lab):
    """In zone wifi a station reaches what stands behind the access point, and no other station, by nothing at all."""
    with (
        lab.probe("wifi") as phone,
        lab.probe("wifi") as other,
        lab.station("wifi", dhcp=False, address="10.78.4.1") as behind,
    ):
        for server in (other, behind):
            server.start([*SERVE, server.address, "8000"])
        wait_reaches(other, other.address, 8000)
        wait_reaches(phone, behind.address, 8000)
        assert not phone.reaches(other.address, 8000, timeout=1)
        assert other.address not in phone.run(["ip", "neighbour", "show", "nud", "reachable"]).stdout


def test_a_lease_gives_address_way_and_name_servers(lab, tmp_path):
    """A real DHCP client takes what the server offers, and programs of the station know it; this computer does not."""
    before = Path("/etc/resolv.conf").read_text()
    with dhcp_server(lab, tmp_path), lab.station("wifi") as phone:
        assert 100 <= int(phone.address.removeprefix("10.78.4.")) <= 110
        assert (phone.lease["router"], phone.lease["domain"]) == ("10.78.4.1", "phuthong.example")
        assert phone.resolvers == ("10.78.4.1", "10.78.4.2")
        assert phone.run(["ip", "-4", "route", "show", "default"]).stdout.split()[:3] == ["default", "via", "10.78.4.1"]
        seen = phone.run(["cat", "/etc/resolv.conf", "/etc/hosts"]).stdout
        assert seen.startswith(
            "search phuthong.example\nnameserver 10.78.4.1\nnameserver 10.78.4.2\n127.0.0.1 localhost"
        )
        assert Path("/etc/resolv.conf").read_text() == before


def test_a_lease_is_renewed_while_the_station_stands(lab, tmp_path):
    """The client stays, and takes the lease anew when it asks again (told to here: it would at half-time)."""
    with dhcp_server(lab, tmp_path), lab.station("wifi", hardware_address=KNOWN[0]) as phone:
        first = (phone.folder / "lease").stat().st_mtime_ns
        (client,) = background.marked_processes(phone.mark)
        os.kill(client, signal.SIGUSR1)
        wait_until(lambda: (phone.folder / "lease").stat().st_mtime_ns != first, "the lease is renewed", seconds=12)
        assert phone.lease["ip"] == phone.address == "10.78.4.100"


def test_many_stations_at_once(lab, tmp_path):
    """Stations made at the same moment have an address and a hardware address each, and are listed."""
    with dhcp_server(lab, tmp_path), ExitStack() as stack, ThreadPoolExecutor(MANY) as pool:
        made = list(pool.map(lambda known: stack.enter_context(lab.station("wifi", hardware_address=known)), KNOWN))
        made += list(pool.map(lambda _: stack.enter_context(lab.probe("wifi")), range(MANY)))
        assert len({station.address for station in made}) == 2 * MANY
        assert len({station.hardware_address for station in made}) == 2 * MANY
        listed = {(state.name, state.zone, state.site, state.address) for state in lab.stations()}
        assert {(station.name, "wifi", "ubnd", station.address) for station in made} <= listed
    assert stations_of(lab) == []


def test_without_an_answer_nothing_is_left(lab):
    """No DHCP server: the error says so and what to do, and the station is gone."""
    station = lab.station("sensor")
    station.timeout = 2
    with pytest.raises(LabError, match="no DHCP server answers in zone sensor") as error, station:
        pytest.fail("there is no such server")
    assert error.value.todo is not None
    assert "--address" in error.value.todo.en
    assert stations_of(lab) == []


def test_a_hardware_address_is_taken_as_given(lab):
    """What was asked for is on the link, whatever its writing; what is no address of one station is refused."""
    with lab.station("wifi", dhcp=False, hardware_address="02-00-00-AA-BB-CC") as station:
        assert "02:00:00:aa:bb:cc" in station.run(["ip", "link", "show", "host0"]).stdout
    for wrong in ("rubbish", "02:00:00:aa:bb", "01:00:5e:00:00:01", "00:00:00:00:00:00"):
        with pytest.raises(LabUsageError, match="is not an address"), lab.station("wifi", hardware_address=wrong):
            pytest.fail("no link has that address")


def test_a_foreign_address_is_taken_as_given(lab):
    """A station may claim an address of another zone: what a router makes of it is what one wants to see."""
    with lab.station("wifi", address="10.78.3.10") as liar, lab.probe("wifi") as neighbour:
        assert "10.78.3.10/32" in liar.run(["ip", "-brief", "-4", "address", "show", "host0"]).stdout
        assert liar.run(["ip", "route", "get", neighbour.address]).stdout.split()[1:3] == ["dev", "host0"]
    with pytest.raises(LabUsageError, match="is not an address"), lab.station("wifi", address="10.78.4"):
        pytest.fail("that is no address")


def test_unknown_zones_and_sites_are_named(lab):
    """A zone or site that is not there is named with those that are."""
    with pytest.raises(LabUsageError, match="kitchen"), lab.station("kitchen"):
        pytest.fail("there is no such zone")
    with pytest.raises(LabUsageError, match="no site moon"), lab.station("wifi", site="moon"):
        pytest.fail("there is no such site")


def test_programs_know_nothing_of_this_computer(lab, monkeypatch):
    """They have no proxy of this computer, none of its hosts, and their exit status is theirs."""
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with lab.probe("office") as station:
        assert "proxy.example" not in station.run(["env"]).stdout
        assert "PYTHONPATH=" not in station.run(["env"]).stdout.replace(
            f"PYTHONPATH={os.environ.get('PYTHONPATH')}", ""
        )
        assert station.run(["cat"], stdin="words").stdout == "words"
        assert station.run(["sh", "-c", "exit 7"]).returncode == 7
        absent = station.run(["no-such-program"])
        assert (absent.returncode, absent.stderr) == (127, "no-such-program: No such file or directory\n")
        assert station.run(["nmap", "-n", "-sn", f"{station.address}"]).stdout.count("Host is up") == 1


def test_programs_end_with_their_station(lab):
    """A program that still runs, or that went to the background, ends when the station goes."""
    with lab.probe("office") as station:
        program = station.start(["setsid", "--fork", "env", "--ignore-environment", "sleep", "60"])
        assert program.wait(10) == 0
        running = station.start(["sleep", "60"])
        wait_until(lambda: len(place.programs(station.netns)) >= 2, "both programs run", seconds=10, step=0.02)
        inside = place.programs(station.netns)
    assert running.returncode == -signal.SIGTERM
    assert not any(process.alive for process in inside.values())


def test_sites_meet_at_the_operators(lab):
    """From one site's wan one reaches the other's and the Internet's address, and no zone of either."""
    with (
        lab.station("wan") as here,
        lab.station("wan", site="tram") as there,
        lab.station("server", site="tram", dhcp=False) as server,
        lab.station("wan2") as mobile,
    ):
        assert there.address.startswith("10.78.8.")
        for each in (there, server):
            each.start([*SERVE, each.address, "8000"])
        wait_reaches(here, there.address, 8000)
        wait_reaches(mobile, there.address, 8000)
        wait_reaches(server, server.address, 8000)
        assert not here.reaches(server.address, 8000, timeout=1)
        assert here.run(["ip", "route", "get", INTERNET]).stdout.split()[2] == "10.78.0.1"


def test_a_visitor_stands_where_the_namespace_does_not(lab):
    """Looking at the commune from a routed zone needs a place there; the same one is given again, and made anew."""
    assert lab.visitor("wan", near="10.78.3.10").netns == lab.netns
    assert lab.visitor("management", near="10.78.11.10").address == "10.78.14.254"
    stands = lab.visitor("office", near="10.78.11.10")
    assert stands.address == "10.78.10.253"
    assert lab.visitor("office", near="10.78.3.10").address == "10.78.2.253"
    number = Path("/run/netns", stands.netns).stat().st_ino
    assert lab.visitor("office", near="10.78.11.10") == stands
    assert Path("/run/netns", stands.netns).stat().st_ino == number
    subprocess.run(["ip", "-n", stands.netns, "link", "delete", "host0"], check=True)
    assert lab.visitor("office", near="10.78.11.10") == stands
    assert Path("/run/netns", stands.netns).stat().st_ino != number


def test_a_killed_station_is_found_by_clean(tmp_path, traces):
    """Kill -9 of who holds a station: its namespace, DHCP client and programs are found by clean, and gone after it."""
    profile, before = f"test-{os.getpid()}-killed", traces(tmp_path)
    lab = Lab(profile, state=tmp_path)
    try:
        lab.ensure_network(routed_zones())
        (tmp_path / "dhcp").mkdir()
        with dhcp_server(lab, tmp_path / "dhcp"):
            command = [sys.executable, "-c", STAND, profile, str(tmp_path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
                assert holder.stdout is not None
                assert holder.stdout.readline().startswith("10.78.4.")
                holder.kill()
        assert [state.zone for state in lab.stations()] == ["wifi"]
        found = cleanup.clean(profile, tmp_path, dry_run=True)
        stations = [item for item in found if "station" in f"{item.name} {item.detail}" and item.kind != "file"]
        assert {item.kind for item in stations} == {"process", "namespace"}
    finally:
        lab.clean()
    assert traces(tmp_path) == before


def test_stations_go_with_the_network(tmp_path, traces):
    """Removing the network removes stations that others forgot, and the visitors."""
    before = traces(tmp_path)
    lab = Lab(f"test-{os.getpid()}-gone", state=tmp_path)
    lab.ensure_network(routed_zones())
    station = lab.probe("wifi").__enter__()
    station.start(["sleep", "60"])
    lab.visitor("office", near="10.78.3.10")
    lab.delete_network()
    assert traces(tmp_path) == before
    station.__exit__(None, None, None)
    lab.clean()
