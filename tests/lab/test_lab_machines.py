"""Machines: made, adopted, changed in place, rebooted, stopped and killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcommune.lab import machine
from smartcommune.lab.errors import LabUsageError, MustReplaceError, OwnedByOtherError
from tests.waiting import wait_until


def test_a_machine_boots_into_a_whole_system(running):
    """Log-in works with the recorded host key, nothing failed, and the machine has its own name and address."""
    assert running.ssh("server-1", "hostname; sudo systemctl is-system-running") == "server-1\nrunning"
    assert running.ssh("server-1", "systemctl --failed --no-legend") == ""
    assert "10.77.3.10/24" in running.ssh("server-1", "ip -brief -4 address show host0")
    assert "10.77.1.10/24" in running.ssh("gateway-1", "ip -brief -4 address show host0")


def test_no_way_in_without_the_key(running):
    """Neither root nor a password opens a machine."""
    settings = running.ssh("server-1", "sudo sshd -T").splitlines()
    shadow = running.ssh("server-1", "sudo cut -d: -f1,2 /etc/shadow").splitlines()
    assert {"permitrootlogin no", "passwordauthentication no", "kbdinteractiveauthentication no"} <= set(settings)
    assert all(line.partition(":")[2] in ("*", "!", "!*") for line in shadow)


def test_machines_see_only_their_own_services(running):
    """Each machine has control groups of its own: a service started in one is unknown to the other."""
    running.ssh("server-1", "sudo systemd-run --quiet --unit=only-here sleep 60")
    assert running.ssh("server-1", "systemctl is-active only-here") == "active"
    assert "only-here" not in running.ssh("gateway-1", "systemctl list-units --all; cat /proc/*/cgroup 2>/dev/null")
    running.ssh("server-1", "sudo systemctl stop only-here")


def test_ensuring_again_changes_nothing(running):
    """The second ensure_machine finds the same process and the same host key."""
    before = running.lab.read_machine("server-1")
    after = running.lab.ensure_machine(running.spec("server-1"), "urn:test")
    assert (after.pid, after.host_key) == (before.pid, before.host_key)


def test_memory_changes_in_place(running):
    """A new limit is in force at once, without a restart; where the computer sets no limits it is remembered."""
    before = running.lab.read_machine("server-1")
    after = running.lab.ensure_machine(running.spec("server-1", memory=768 << 20), "urn:test")
    assert (after.memory, after.pid) == (768 << 20, before.pid)
    assert running.lab.ensure_machine(running.spec("server-1"), "urn:test").memory == 1 << 30


def test_somebody_elses_machine_is_left_alone(running):
    """A machine with another owner's mark is neither adopted nor changed."""
    with pytest.raises(OwnedByOtherError):
        running.lab.ensure_machine(running.spec("server-1"), "urn:other")
    assert running.lab.read_machine("server-1").owner == "urn:test"


def test_another_address_needs_another_machine(running):
    """What cannot change in place is refused, with the name of what differs."""
    with pytest.raises(MustReplaceError, match="address"):
        running.lab.ensure_machine(running.spec("server-1", address="10.77.3.99"), "urn:test")


def test_reboot_from_outside(running):
    """`lab reboot` gives a new system on the same disk."""
    running.ssh("server-1", "touch kept")
    before = machine.leader(running.lab.layout, "server-1")
    running.lab.reboot("server-1")
    running.lab.wait_ready("server-1")
    assert machine.leader(running.lab.layout, "server-1") != before
    assert running.ssh("server-1", "ls kept") == "kept"


def test_reboot_from_inside(running):
    """A machine that reboots itself comes back by itself."""
    before = machine.leader(running.lab.layout, "server-1")
    running.ssh("server-1", "sudo systemctl reboot", check=False)
    wait_until(
        lambda: machine.leader(running.lab.layout, "server-1") not in (before, None),
        "another system runs", seconds=30, step=0.05,
    )  # fmt: skip
    running.lab.wait_ready("server-1")
    assert running.lab.read_machine("server-1").status == "running"


def test_stop_is_orderly(running):
    """Stopping runs the machine's shutdown, and the machine starts again."""
    running.lab.stop("server-1")
    console = running.lab.log_path("server-1").read_text()
    assert running.lab.read_machine("server-1").status == "stopped"
    assert "Reached target shutdown.target" in console
    running.lab.start("server-1")
    running.lab.wait_ready("server-1")


def test_poweroff_from_inside_stays_off(running):
    """A machine that is switched off from inside counts as stopped."""
    running.ssh("gateway-1", "sudo systemctl poweroff", check=False)
    wait_until(lambda: running.lab.read_machine("gateway-1").status == "stopped", "the machine is off", seconds=30)
    assert running.lab.read_machine("gateway-1").pid is None


def test_a_killed_launcher_takes_its_machine_along(running):
    """After a kill -9 of the launcher nothing of the machine is left, and it starts again."""
    launcher = machine.load_launcher(running.lab.layout, "server-1")
    leader = machine.leader(running.lab.layout, "server-1")
    launcher.send(9)
    wait_until(
        lambda: not Path(f"/proc/{leader}").exists(), "the machine ends with its launcher", seconds=10, step=0.02
    )
    running.boot()
    assert running.ssh("server-1", "echo back") == "back"


def test_a_machine_that_is_not_there_is_named(running):
    """A wrong name gives the names there are."""
    with pytest.raises(LabUsageError, match="no machine server-9") as error:
        running.lab.reboot("server-9")

    assert error.value.todo is not None
    assert "gateway-1, server-1" in error.value.todo.en


def test_destroy_removes_all_of_a_machine(running):
    """A destroyed machine is gone with its disk; destroying it again is fine."""
    running.lab.destroy_machine("gateway-1")
    running.lab.destroy_machine("gateway-1")
    assert running.lab.read_machine("gateway-1") is None
    assert not running.lab.layout.machine("gateway-1").exists()
