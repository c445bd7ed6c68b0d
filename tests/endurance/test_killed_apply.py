"""``kill -9`` of ``apply`` at random moments, from nothing to a whole commune: the same command again finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

LONGEST = 45.0  # seconds before a kill: well into the installation of a service


def test_killed_applies_are_finished_by_the_next(commune, rounds, moments):
    """After kills during provisioning and installation, apply ends well, and a second one changes nothing."""
    commune.run(*commune.verb("destroy"), "--yes")
    command = [sys.executable, "-m", "smartcommune", *commune.verb("apply"), "--yes", "--no-verify"]
    environment = os.environ | {"SMARTCOMMUNE_STATE": str(commune.state)}
    killed = 0
    for _ in range(rounds):
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(moments.uniform(0.2, LONGEST))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1

    commune.run(*commune.verb("apply"), "--yes")
    commune.run(*commune.verb("plan"), "--exit-code")
    assert killed >= rounds // 2
    assert {machine.name for machine in commune.lab.list()} == {host.name for host in commune.site.hosts}
