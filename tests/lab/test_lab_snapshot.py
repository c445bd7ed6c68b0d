"""Snapshots: a commune back to a moment in seconds."""

from __future__ import annotations

import pytest

from smartcommune.lab import cgroup, machine
from smartcommune.lab.errors import LabUsageError


def test_reset_brings_a_moment_back(running):
    """What was there at the snapshot is there again on every machine, what came later is not, running ones run."""
    for name in ("server-1", "gateway-1"):
        running.ssh(name, "echo before > note")
    assert running.lab.snapshot("moment") == ("gateway-1", "server-1")
    for name in ("server-1", "gateway-1"):
        running.ssh(name, "echo after > note; touch later; sync")
    assert running.lab.reset("moment") == ("gateway-1", "server-1")
    for name in ("server-1", "gateway-1"):
        running.lab.wait_ready(name)
        assert running.ssh(name, "cat note; ls") == "before\nnote"


def test_machines_go_on_during_a_snapshot(running):
    """A snapshot does not restart a machine: the same system runs before and after."""
    before = machine.leader(running.lab.layout, "server-1")
    running.lab.snapshot("quick")
    assert running.lab.read_machine("server-1").status == "running"
    assert running.ssh("server-1", "echo here") == "here"
    if cgroup.freeze(machine.groups(running.lab.layout, "server-1"), frozen=False):
        assert machine.leader(running.lab.layout, "server-1") == before


def test_a_machine_left_frozen_is_seen_and_goes_on(running):
    """A run that was killed in the middle of a snapshot leaves a frozen machine: ensure_machine thaws it."""
    groups = machine.groups(running.lab.layout, "server-1")
    if not cgroup.freeze(groups, frozen=True):
        pytest.skip("this computer has no cgroup v2 to freeze machines with")
    assert running.lab.read_machine("server-1").status == "frozen"
    running.boot()
    assert running.lab.read_machine("server-1").status == "running"


def test_taking_it_again_replaces_a_snapshot(running):
    """The second snapshot of a name is what reset goes back to."""
    running.ssh("server-1", "echo 1 > note")
    running.lab.snapshot("again")
    running.ssh("server-1", "echo 2 > note")
    running.lab.snapshot("again")
    running.ssh("server-1", "echo 3 > note")
    running.lab.reset("again")
    running.lab.wait_ready("server-1")
    assert running.ssh("server-1", "cat note") == "2"
    assert [snapshot.name for snapshot in running.lab.snapshots()].count("again") == 1


def test_a_replaced_machine_does_not_take_an_old_disk(running):
    """A snapshot of a machine that was made anew since is refused: its keys are others."""
    running.lab.snapshot("old")
    running.lab.destroy_machine("gateway-1")
    running.boot()
    with pytest.raises(LabUsageError, match="gateway-1 was replaced"):
        running.lab.reset("old")


@pytest.mark.parametrize("name", ["../up", "", "Hoa", ".hidden", "a/b"])
def test_bad_names_are_refused(running, name):
    """A snapshot's name is a plain word, so that it stays in its folder."""
    with pytest.raises(LabUsageError):
        running.lab.snapshot(name)
    with pytest.raises(LabUsageError):
        running.lab.reset(name)
