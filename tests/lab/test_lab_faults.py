"""Faults: power cuts that lose what was not fsynced, cut links, and a package proxy without the Internet."""

from __future__ import annotations

import pytest

from smartcommune.lab.errors import LabUsageError

_WRITE = """sudo python3 - <<'PY'
import os
with open("/var/lib/synced", "w") as file:
    file.write("s" * 5000)
    file.flush()
    os.fsync(file.fileno())
folder = os.open("/var/lib", os.O_RDONLY)
os.fsync(folder)
with open("/var/lib/unsynced", "w") as file:
    file.write("u" * 5000)
PY"""


def _survivors(machines) -> list[str]:
    return machines.ssh("server-1", "cd /var/lib && ls synced unsynced 2>/dev/null || true").splitlines()


def test_a_power_cut_loses_what_was_not_fsynced(running):
    """After a power cut the fsynced file is whole and the other one never existed."""
    running.ssh("server-1", _WRITE)
    running.lab.kill("server-1", power=True)
    assert running.lab.read_machine("server-1").status == "stopped"
    running.boot()
    assert _survivors(running) == ["synced"]
    assert running.ssh("server-1", "wc -c < /var/lib/synced") == "5000"
    running.ssh("server-1", "sudo rm /var/lib/synced")


def test_a_plain_kill_loses_nothing_written(running):
    """The control: a kill without the power cut keeps what was written, so the test above shows something."""
    running.ssh("server-1", _WRITE)
    running.lab.kill("server-1")
    running.boot()
    assert _survivors(running) == ["synced", "unsynced"]


def test_a_cut_machine_is_out_of_reach_until_restored(running):
    """A machine whose link is cut is not reached, stays so through a reboot, and is back when restored."""
    with running.lab.probe("management") as probe:
        assert probe.reaches("10.77.3.10", 22)
        running.lab.cut("server-1")
        assert running.lab.read_machine("server-1").link_up is False
        assert not probe.reaches("10.77.3.10", 22, timeout=1)
        running.lab.kill("server-1")
        running.lab.start("server-1")
        assert not probe.reaches("10.77.3.10", 22, timeout=2)
        running.lab.restore("server-1")
        running.lab.wait_ready("server-1")
        assert running.lab.read_machine("server-1").link_up is True


def test_a_cut_zone_cuts_its_machines_only(running):
    """With zone server cut, its machine is not reached and the gateway's still is."""
    with running.lab.probe("office") as probe:
        running.lab.cut("server")
        assert not probe.reaches("10.77.3.10", 22, timeout=1)
        assert probe.reaches("10.77.1.10", 22)
        running.lab.restore("server")
        running.lab.wait_ready("server-1")
        assert probe.reaches("10.77.3.10", 22)


def test_packages_come_from_the_cache_when_the_wan_is_cut(running):
    """What was fetched once installs again with the Internet away, and nothing is downloaded."""
    proxy = "-o Acquire::http::Proxy=http://{}:3142"
    install = "sudo apt-get -qq {0} update && sudo apt-get -qq -y {0} install hello >/dev/null && hello"
    first = running.ssh("server-1", install.format(proxy.format("10.77.3.1")))
    before = running.lab.proxy_status()
    running.lab.cut("wan")
    second = running.ssh("gateway-1", install.format(proxy.format("10.77.1.1")))
    after = running.lab.proxy_status()
    assert first == second == "Hello, world!"
    assert after.offline
    assert after.downloaded == before.downloaded
    assert after.served > before.served


def test_an_unknown_link_is_named(running):
    """Cutting what is not there says what is."""
    with pytest.raises(LabUsageError) as error:
        running.lab.cut("kitchen")

    assert error.value.todo is not None
    assert "gateway-1, server-1, wan, edge" in error.value.todo.en
