"""Netmiko's IOS dialect against a real FRRouting router: vtysh as login shell over sshd, and the guard as way back."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from smartcommune import paths
from smartcommune.devices import flow
from smartcommune.devices.errors import LockedOutError, NoWayBackError, RefusedLineError
from smartcommune.lab.lab import Lab
from smartcommune.transports.ssh_probe import HostKeyChangedError, LoginRefusedError
from tests.lab.conftest import zones
from tests.lab.frr_machine import NAME, boot

FIRST = {"198.51.100.0/24": "blackhole"}
SECOND = {"198.51.100.0/24": "blackhole", "203.0.113.0/24": "blackhole"}
LIMIT = 90.0  # seconds, from the issue
WORKER = """
import pickle, sys
from smartcommune.devices import flow
target, at = pickle.loads(sys.stdin.buffer.read(int(sys.argv[1]))), sys.argv[2]

def tell(step):
    print(step, flush=True)
    if step == at:
        sys.stdin.read()  # until killed

flow.change(target, tell)
"""


@pytest.fixture(scope="module")
def router(tmp_path_factory, key_pair):
    """The router; all of the lab is removed afterwards."""
    lab = Lab(f"test-{os.getpid()}-frr", state=tmp_path_factory.mktemp("state"))
    try:
        yield boot(lab, zones(), *key_pair)
    finally:
        lab.clean()


@pytest.fixture
def target(router, tmp_path):
    """A function that returns the router with these routes wanted, all of one test with one record."""
    return lambda routes: router.target(tmp_path / NAME, routes)


def change(target):
    """Change the router; return the steps."""
    steps: list[str] = []
    flow.change(target, steps.append)
    return steps


def test_routes_are_set_saved_and_left_alone(router, target):
    """Declared routes are in the kernel and are saved; the second change does nothing; drift is mended."""
    change(target(FIRST))

    assert "blackhole 198.51.100.0/24" in router.shell("ip route show type blackhole")
    assert "ip route 198.51.100.0/24 blackhole" in router.shell("cat /etc/frr/frr.conf")
    assert router.shell("cat /proc/sys/net/ipv4/ip_forward") == "1"
    assert flow.look(target(FIRST)).clean
    assert change(target(FIRST)) == []

    router.shell("vtysh -c 'configure terminal' -c 'ip route 192.0.2.0/24 blackhole' -c 'log syslog debugging'")
    assert "- ip route 192.0.2.0/24 blackhole" in flow.look(target(FIRST)).comparison.diff
    change(target(FIRST))
    assert "192.0.2.0" not in router.shell("vtysh -c 'show running-config'")
    assert "commune-revert" not in router.shell("vtysh -c 'show running-config'")


def test_a_refused_line_is_named_and_what_came_before_it_is_undone(router, target):
    """Vtysh refuses a route by its words; the route sent before it is gone again, nothing is saved."""
    change(target(FIRST))
    wanted = target(SECOND)
    bad = replace(wanted, wanted=wanted.wanted + "ip rout 1.2.3\n")

    with pytest.raises(RefusedLineError) as caught:
        change(bad)
    assert caught.value.line == "ip rout 1.2.3"
    assert caught.value.answer.startswith("% Unknown command")
    assert "203.0.113.0" not in router.shell("vtysh -c 'show running-config'; cat /etc/frr/frr.conf")
    assert flow.look(target(FIRST)).clean


@pytest.mark.real_time
def test_a_change_that_locks_out_is_undone_within_90_seconds(router, target):
    """A route swallows all that goes to the toolkit: the router takes it back by itself, and the toolkit says when."""
    change(target(FIRST))
    toolkit = router.lab.source_address(router.address)
    began = time.monotonic()

    with pytest.raises(LockedOutError) as caught:
        change(target({**FIRST, f"{toolkit}/32": "blackhole"}))
    took = time.monotonic() - began
    assert caught.value.seconds is not None
    assert took < LIMIT
    assert f"{toolkit}/32" not in router.shell("vtysh -c 'show running-config'; cat /etc/frr/frr.conf")
    assert flow.look(target(FIRST)).clean


@pytest.mark.real_time
@pytest.mark.parametrize("reboot", [False, True], ids=["toolkit", "toolkit-and-router"])
def test_a_kill_in_the_middle_is_mended_by_the_next_run(router, target, reboot):
    """The toolkit is killed after sending, and the router reboots too: what was not confirmed is gone, then done."""
    change(target(FIRST))
    wanted = target(SECOND)
    pickled = pickle.dumps(wanted)
    argv = [sys.executable, "-c", WORKER, str(len(pickled)), "verify"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=paths.checkout()) as process:
        process.stdin.write(pickled)
        process.stdin.flush()
        while (step := process.stdout.readline().decode().strip()) != "verify":
            assert step, "the worker ended before it was killed"
        os.kill(process.pid, signal.SIGKILL)
    assert "203.0.113.0" in router.shell("vtysh -c 'show running-config'")
    if reboot:
        router.lab.reboot(NAME)
        router.lab.wait_ready(NAME)
        assert "203.0.113.0" not in router.shell("cat /etc/frr/frr.conf")

    assert change(wanted)[0] == "resume"
    assert flow.look(wanted).clean
    assert "203.0.113.0/24" in router.shell("cat /etc/frr/frr.conf")
    assert "commune-revert" not in router.shell("vtysh -c 'show running-config'")


def test_without_a_guard_nothing_is_changed(router, target):
    """A router whose guard does not answer is left as it is, and the advice says what to install."""
    change(target(FIRST))
    router.shell("systemctl stop commune-frr-guard")
    try:
        with pytest.raises(NoWayBackError) as caught:
            change(target(SECOND))
    finally:
        router.shell("systemctl start commune-frr-guard")

    assert "docs/devices.md" in caught.value.todo.en
    assert "203.0.113.0" not in router.shell("vtysh -c 'show running-config'")
    assert "commune-revert" not in router.shell("vtysh -c 'show running-config'")


def test_only_the_pinned_router_and_the_toolkits_key_are_let_in(router, target):
    """A router with another host key is not talked to; one that does not know the key says how to let it in."""
    change(target(FIRST))
    one = target(FIRST)
    known = one.keeper.load()
    one.keeper.keep(known, host_key=known.host_key[:-4] + "AAA=")
    with pytest.raises(HostKeyChangedError):
        flow.look(one)
    one.keeper.keep(known)

    router.shell("mv ~netadmin/.ssh/authorized_keys ~netadmin/.ssh/away")
    try:
        with pytest.raises(LoginRefusedError) as caught:
            flow.look(one)
    finally:
        router.shell("mv ~netadmin/.ssh/away ~netadmin/.ssh/authorized_keys")
    assert router.public_key in caught.value.todo.en


def test_the_guard_is_sandboxed(router):
    """The guard runs unprivileged, and systemd's audit of its sandbox is at most 4.0."""
    score = router.shell("systemd-analyze security commune-frr-guard.service | tail -1")

    assert float(score.split("service: ")[1].split()[0]) <= 4.0
    assert router.shell("ps -o user= -C python3 | sort -u") == "frr"
