"""Changes that cut the toolkit off, and toolkits that die in the middle: the simulators' own timers, in real time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smartcommune.devices import flow
from smartcommune.devices.errors import LockedOutError
from smartcommune.site.models import DevicePort
from tests.device_samples import UPLINKS, make_device, make_target

KINDS = [("huawei_vrp", ""), ("huawei_vrp", "one-phase"), ("cisco_ios", ""), ("mikrotik_routeros", "")]
LIMIT = 90.0  # seconds, from the issue
WORKER = """
import sys
from pathlib import Path
from smartcommune.devices import flow
from tests.device_samples import make_device, make_target
platform, folder, port, at = sys.argv[1:]

def tell(step):
    print(step, flush=True)
    if step == at:
        sys.stdin.read()  # until killed

flow.change(make_target(make_device(platform, routes=()), Path(folder), int(port)), tell)
"""


def cutting(platform):
    """Return a device whose design turns its uplink into an access port of another zone."""
    port = DevicePort(UPLINKS[platform], "access", "office", enabled=True, description=None)
    return make_device(platform, ports=(port,))


@pytest.fixture
def devices(stand, tmp_path):
    """One of each, configured and working."""
    found = []
    for platform, variant in KINDS:
        folder = tmp_path / f"{platform}{variant}"
        simulator, port = stand.stand(platform, folder / "simulator", variant=variant)
        target = make_target(make_device(platform), folder / "dev-1", port)
        flow.change(target, lambda step: None)
        found.append((simulator, target))
    return found


@pytest.mark.real_time
def test_a_change_that_locks_out_is_undone_within_90_seconds(devices):
    """Four devices lose their uplink at once: each is back by itself, as it was, and says so."""

    def lock_out(found):
        _, target = found
        bad = make_target(cutting(target.device.platform), target.keeper.folder, target.port)
        began = time.monotonic()
        with pytest.raises(LockedOutError) as caught:
            flow.change(bad, lambda step: None)
        return time.monotonic() - began, caught.value.seconds, flow.look(target)

    with ThreadPoolExecutor(len(devices)) as pool:
        results = list(pool.map(lock_out, devices))

    for (simulator, _), (took, told, looked) in zip(devices, results, strict=True):
        assert told is not None, simulator.platform
        assert took < LIMIT, f"{simulator.platform}: {took:.0f} s"
        assert looked.clean, looked.comparison.diff


@pytest.mark.real_time
@pytest.mark.parametrize("at", ["send", "confirm"])
def test_a_killed_toolkit_leaves_no_half_change(stand, tmp_path, at):
    """The toolkit is killed while a change is armed: the device goes back, and the same run again finishes."""

    def kill_and_resume(kind):
        platform, variant = kind
        folder = tmp_path / f"{platform}{variant}"
        simulator, port = stand.stand(platform, folder / "simulator", variant=variant)
        argv = [sys.executable, "-c", WORKER, platform, str(folder / "dev-1"), str(port), at]
        checkout = Path(__file__).parents[2]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=checkout) as process:
            while process.stdout.readline().strip() != at:
                assert process.poll() is None
            os.kill(process.pid, signal.SIGKILL)
        target = make_target(make_device(platform), folder / "dev-1", port)
        steps: list[str] = []
        began = time.monotonic()
        flow.change(target, steps.append)
        return simulator, time.monotonic() - began, steps, flow.look(target)

    with ThreadPoolExecutor(len(KINDS)) as pool:
        results = list(pool.map(kill_and_resume, KINDS))

    for simulator, took, steps, looked in results:
        assert steps[0] == "resume", simulator.platform
        assert took < LIMIT + 30, f"{simulator.platform}: {took:.0f} s"
        assert looked.clean, looked.comparison.diff
        assert not simulator.memory.get("backups")
