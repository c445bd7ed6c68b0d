"""Machines report, a killed service is told by mail, a device is asked by SNMPv3, and a new machine needs no line."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from smartcommune.lab import machine
from tests.infrastructure.monitoring.conftest import write_profile
from tests.infrastructure.monitoring.zabbix import SERVER
from tests.waiting import wait_until

QUEUED = r"""postqueue -j | grep -o '"queue_id": "[^"]*' | cut -d'"' -f4 | xargs -n 1 postcat -qh"""
PORTS = "select count(*) from items join hosts using (hostid) where host = 'switch-1' and items.flags = 4"
SNMPD = """createUser commune SHA-256 "{snmp_auth}" AES "{snmp_priv}"
rouser commune priv
sysName switch-1
sysDescr a real snmpd in the place of the simulated switch
"""


def test_values_of_all_machines_are_fresh(commune, zabbix):
    """Every machine of the profile is a host, and reported within the last two minutes."""
    names = {host.name for host in commune.site.hosts}

    assert zabbix.hosts() >= names
    for name in names:
        wait_until(lambda name=name: zabbix.age(name, "agent.ping") < 120, f"{name} reports", seconds=180, step=2)
        assert zabbix.age(name, "commune.certificate.days") < 120


def test_a_killed_service_is_told_by_mail(commune, zabbix):
    """A service that is killed and stays down becomes a problem; its mail waits in the queue; both end with it."""
    down = "nginx.service"
    commune.on(SERVER, "systemctl stop nginx.service")
    try:
        wait_until(lambda: zabbix.problems(down) == 1, "there is a problem", seconds=150, step=2)
        wait_until(lambda: "postmaster@" in commune.on(SERVER, "postqueue -j"), "its mail waits", seconds=60, step=2)
        queued = commune.on(SERVER, QUEUED)
    finally:
        commune.on(SERVER, "systemctl start nginx.service")
    assert "To: <postmaster@" in queued
    wait_until(lambda: zabbix.problems(down) == 0, "it is over", seconds=150, step=2)


@contextlib.contextmanager
def real_snmpd(commune) -> Iterator[subprocess.Popen[bytes]]:
    """Debian's snmpd of server-2, listening at the switch's address, which the simulator of its command line has."""
    device = commune.site.device("switch-1")
    commune.on("server-2", "apt-get -qq install --yes --no-install-recommends snmpd && systemctl disable --now snmpd")
    keys = {
        need.name: commune.outputs.secrets[need.id]
        for need in commune.site.secrets
        if need.host == device.name and need.name.startswith("snmp_")
    }
    leader = machine.leader(commune.lab.layout, "server-2")
    inside = ["nsenter", f"--target={leader}", "--mount", "--", "tee", "/run/e2e-snmpd.conf"]
    subprocess.run(inside, input=SNMPD.format(**keys), text=True, check=True, stdout=subprocess.DEVNULL)
    spaces = [f"--target={leader}", "--mount", "--pid", f"--net={commune.lab.layout.netns_path}"]
    settings = ["-Lo", "-f", "-C", "-c", "/run/e2e-snmpd.conf", "-p", "/run/e2e-snmpd.pid", f"udp:{device.address}:161"]
    server = subprocess.Popen(["nsenter", *spaces, "/usr/sbin/snmpd", *settings], stdout=subprocess.DEVNULL)
    try:
        yield server
    finally:
        commune.on("server-2", "kill $(cat /run/e2e-snmpd.pid)")
        server.wait(timeout=10)


def test_a_device_is_asked_by_snmp(commune, zabbix):
    """A real snmpd that takes nothing but SNMPv3 with the device's own keys gives its values."""
    with real_snmpd(commune) as server:
        wait_until(lambda: zabbix.age("switch-1", "system.net.uptime") < 60, "the switch answers", seconds=180, step=2)
        wait_until(lambda: zabbix.ask(PORTS) != ["0"], "its ports are found", seconds=90, step=2)
        assert server.poll() is None
        assert zabbix.ask("select available from interface join hosts using (hostid) where host = 'switch-1'") == ["1"]


def test_a_machine_cannot_speak_in_anothers_name(commune):
    """An agent that calls itself by another machine's name is refused: another authority issued its certificate."""
    settings = "-e 's/^Hostname=.*/Hostname=server-1/' -e 's#/run/commune-agent#/run/e2e-agent#' -e /Persistent/d"
    unit = "--quiet --unit=e2e-agent -p User=zabbix -p RuntimeDirectory=e2e-agent -p SupplementaryGroups=commune-tls"
    commune.on("server-2", f"sed {settings} /etc/commune-agent/zabbix_agent2.conf > /run/e2e-agent.conf")
    commune.on("server-2", f"systemd-run {unit} zabbix_agent2 --foreground --config /run/e2e-agent.conf")
    said = "journalctl --unit=e2e-agent --no-pager --output=cat"
    try:
        took = wait_until(
            lambda: "certificate issuer does not match" in commune.on("server-2", said),
            "it is refused",
            seconds=60,
            step=2,
        )
    finally:
        commune.on("server-2", "systemctl stop e2e-agent; rm /run/e2e-agent.conf")
    assert took < 60


@pytest.fixture
def third_machine(commune):
    """The profile with a machine more, and at the end as it was."""
    write_profile(commune.profile, "server-3")
    commune.__dict__.pop("site", None)
    yield "server-3"
    write_profile(commune.profile)
    commune.__dict__.pop("site", None)


def test_a_machine_in_the_profile_is_watched_and_one_that_left_is_not(commune, zabbix, third_machine):
    """A machine more in the profile is watched after the apply; one that is taken out is gone with its history."""
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")

    assert third_machine in zabbix.hosts()
    wait_until(lambda: zabbix.age(third_machine, "agent.ping") < 120, "it reports", seconds=180, step=2)
    write_profile(commune.profile)
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    assert third_machine not in zabbix.hosts()
