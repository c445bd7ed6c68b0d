"""Nothing is left: after clean, after kills at any moment, and with the state lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smartcommune.lab import background, cleanup
from smartcommune.lab.lab import Lab

_BOOT = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import conftest
from smartcommune.lab.lab import Lab
machines = conftest.Machines(Lab({profile!r}, state=Path({state!r})), "ssh-ed25519 AAAA", Path({state!r}))
machines.boot()
print("booted", flush=True)
"""


@pytest.fixture
def place(tmp_path, traces):
    """A state folder and a profile name of the test's own, with the traces before; all is removed at the end."""
    profile = f"test-{os.getpid()}-c"
    before = traces(tmp_path)
    yield tmp_path, profile, before
    cleanup.clean(profile, tmp_path)
    assert traces(tmp_path) == before


def _boot(state: Path, profile: str) -> subprocess.Popen:
    program = _BOOT.format(folder=str(Path(__file__).parent), profile=profile, state=str(state))
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_clean_leaves_nothing(place, traces):
    """A lab with everything in it is gone without a trace: processes, mounts, namespaces, groups, loops, files."""
    state, profile, before = place
    child = _boot(state, profile)
    out, err = child.communicate(timeout=120)
    assert out == "booted\n", err
    lab = Lab(profile, state=state)
    lab.open(["web.example.test"], "10.77.3.10", 80)
    lab.snapshot("one")
    lab.cut("gateway-1")
    lab.probe("wifi").__enter__()
    seen = {finding.kind for finding in lab.clean(dry_run=True)}
    assert {"process", "namespace", "file"} <= seen
    assert traces(state) != before
    lab.clean()
    assert traces(state) == before
    assert lab.clean() == ()
    assert not (state / "lab").exists()


def test_clean_finds_a_lab_whose_state_is_lost(place, traces):
    """With the state folder deleted under a running lab, clean still finds and removes all of it."""
    state, profile, before = place
    out, err = _boot(state, profile).communicate(timeout=120)
    assert out == "booted\n", err
    shutil.rmtree(state / "lab")
    assert profile in cleanup.find_labs(state)
    cleanup.clean(profile, state)
    assert traces(state) == before


@pytest.mark.parametrize("moment", [0.35, 0.45, 0.55, 0.7, 0.9, 1.2])
def test_a_run_killed_at_any_moment_is_finished_by_the_next(place, moment):
    """Kill -9 of the toolkit while it makes network and machines: the same call again boots them."""
    state, profile, _ = place
    child = _boot(state, profile)
    time.sleep(moment)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    out, err = _boot(state, profile).communicate(timeout=120)
    assert out == "booted\n", err
    assert len(set(background.marked_processes(f"{state.resolve()}/").values())) == 3


def test_delete_network_leaves_only_files(place, traces):
    """What destroy does, machine by machine and then the network, leaves no process, namespace, group or mount."""
    state, profile, before = place
    out, err = _boot(state, profile).communicate(timeout=120)
    assert out == "booted\n", err
    lab = Lab(profile, state=state)
    for machine in lab.list():
        lab.destroy_machine(machine.name)
    lab.delete_network()
    assert traces(state) == before
    assert not lab.network_exists()


def test_kept_connections_end_with_their_machine(machines):
    """A connection that ssh keeps open ends when its machine is killed, and the next command opens a new one."""
    folder = machines.lab.layout.deployment
    options = machines.ssh_arguments(folder)
    command = ["ssh", *options, "server-1", "hostname"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "server-1\n"
    check = ["ssh", *options, "-O", "check", "server-1"]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    machines.lab.kill("server-1")
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0
    machines.boot()
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "server-1\n"
    assert "ssh connection kept open" in {finding.detail for finding in machines.lab.clean(dry_run=True)}
