"""The real engine and real machines of the lab: what plans say, what kills leave, what drift is mended.

Needs root and the pinned engine. Every test makes its own commune and removes it.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartcommune.errors import LockedError
from smartcommune.lab.lab import Lab
from smartcommune.site.models import Site
from smartcommune.targets.failures import ProvisioningError
from smartcommune.targets.layout import layout
from smartcommune.targets.outputs import fetch_outputs
from smartcommune.targets.planning import MachinesPlan
from smartcommune.targets.stack import Stack
from smartcommune.targets.state import load_state
from tests.interrupts import interrupts_heeded
from tests.target_sites import MIB, make_site
from tests.waiting import wait_until

pytestmark = pytest.mark.lab

KILLS = 6
UP = """
import sys
from smartcommune.targets.stack import Stack
from tests.target_sites import make_site
with Stack(make_site(sys.argv[1], block=int(sys.argv[2])), command="test up") as stack:
    stack.up(on_event=lambda event: print(event.operation, event.state, event.subject.en, flush=True))
"""


@dataclass
class Commune:
    """A commune of the lab under test."""

    name: str
    block: int

    def site(self, **changes: int) -> Site:
        """Return its Site."""
        return make_site(self.name, block=self.block, **changes)

    @property
    def lab(self) -> Lab:
        """Return its lab."""
        return Lab(self.name)

    def preview(self, **changes: int) -> MachinesPlan:
        """Return what would be done."""
        with Stack(self.site(**changes)) as stack:
            return stack.preview()

    def up(self, **changes: int) -> None:
        """Bring it up."""
        with Stack(self.site(**changes)) as stack:
            stack.up()

    def start_up(self) -> subprocess.Popen[str]:
        """Bring it up in another process."""
        with interrupts_heeded():
            return subprocess.Popen(
                [sys.executable, "-c", UP, self.name, str(self.block)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )


@pytest.fixture
def commune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commune]:
    """A commune with a state folder of its own; nothing of it is left afterwards."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    commune = Commune("pulumi-test", 97)
    yield commune
    with Stack(commune.site()) as stack:
        stack.destroy()
    assert commune.lab.list() == ()
    assert commune.lab.read_network() is None


def engine_of(process: subprocess.Popen[str]) -> int | None:
    """Return the pid of the engine that a program has started."""
    for line in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        if Path(f"/proc/{line}/comm").read_text().strip() == "pulumi":
            return int(line)
    return None


def reasons(plan: MachinesPlan) -> dict[str, tuple[str, str]]:
    """Return kind and reason by subject."""
    return {action.subject.en: (action.kind, action.reason.en) for action in plan.actions}


def test_from_nothing_to_machines_and_back(commune: Commune) -> None:
    """The first plan creates everything; applied, the next one is empty; every host is there with its outputs."""
    plan = commune.preview()
    assert [action.kind for action in plan.actions] == ["create"] * 9
    with Stack(commune.site()) as stack:
        outputs = stack.up(expected=plan.digest)
        assert reasons(stack.preview()) == {}

    assert list(outputs.hosts) == ["server-1", "server-2"]
    for name, host in outputs.hosts.items():
        state = commune.lab.read_machine(name)
        assert state is not None
        assert (state.status, state.host_key) == ("running", host.host_key)
        assert host.netns == "sc-pulumi-test"
    start = time.monotonic()
    assert fetch_outputs(commune.site()) == outputs
    assert time.monotonic() - start < 5


def test_no_secret_is_in_clear_anywhere(commune: Commune, tmp_path: Path) -> None:
    """No file of the state has a secret in clear; the search finds one that is planted."""
    commune.up()
    outputs = fetch_outputs(commune.site())
    secrets = [*outputs.secrets.values(), *(line for line in outputs.ssh.private.splitlines() if line[0] != "-")]
    for authority in outputs.authorities.values():
        secrets += [line for line in authority.private_key.splitlines() if line[0] != "-"]

    def found(secret: str) -> bool:
        needle = ["grep", "-rqF", "--exclude-dir=machines", "-e", secret, str(tmp_path)]
        return subprocess.run(needle, check=False).returncode == 0

    assert len(secrets) > 8
    assert not any(found(secret) for secret in secrets)
    (tmp_path / "planted").write_text(f"x{secrets[0]}x")
    assert found(secrets[0])


def test_drift_is_named_and_mended(commune: Commune) -> None:
    """A killed machine, a deleted one, a changed limit and a lost network each have their reason, and go away by up.

    Where this computer lets nobody set memory limits, there is no limit that could be changed.
    """
    commune.up()
    commune.lab.kill("server-1")
    commune.lab.destroy_machine("server-2")
    assert reasons(commune.preview()) == {
        "machine server-1": ("update", "the machine is not running"),
        "machine server-2": ("create", "deleted by hand"),
    }
    commune.up()
    assert reasons(commune.preview()) == {}

    limited = commune.lab.set_memory("server-1", 384 * MIB)
    subprocess.run(["ip", "-n", "sc-pulumi-test", "link", "delete", "br-wifi"], check=True)
    changed = {"machine server-1": ("update", "memory is 384 MiB, should be 512 MiB")} if limited else {}
    assert reasons(commune.preview()) == {
        "network pulumi-test": ("update", "zones are missing: wifi"),
        **changed,
    }
    commune.up()
    assert reasons(commune.preview()) == {}

    subprocess.run(["ip", "netns", "delete", "sc-pulumi-test"], check=True)
    detached = ("update", "the machine is not connected to the lab's network")
    assert reasons(commune.preview()) == {
        "network pulumi-test": ("update", "the lab's network is gone"),
        "machine server-1": detached,
        "machine server-2": detached,
    }
    commune.up()
    assert reasons(commune.preview()) == {}


def test_changes_are_made_as_planned(commune: Commune) -> None:
    """Memory changes in place, a secret of another length is another secret, a host no longer asked for goes."""
    commune.up()
    before = commune.lab.read_machine("server-1")
    secrets = fetch_outputs(commune.site()).secrets
    plan = commune.preview(memory=640 * MIB, password_length=30, hosts=1)
    assert {key: value for key, value in reasons(plan).items() if "CA" not in key} == {
        "machine server-1": ("update", "what is asked for changed: memory"),
        "machine server-2": ("delete", "no longer asked for by the profile"),
        "password server-1/shop/admin_password": ("replace", "what is asked for changed: length"),
    }

    commune.up(memory=640 * MIB, password_length=30, hosts=1)
    after = commune.lab.read_machine("server-1")
    assert before is not None
    assert after is not None
    assert (after.pid, after.memory) == (before.pid, 640 * MIB)
    assert [state.name for state in commune.lab.list()] == ["server-1"]
    changed = fetch_outputs(commune.site()).secrets
    assert changed["server-1/shop/django_key"] == secrets["server-1/shop/django_key"]
    assert len(changed["server-1/shop/admin_password"]) == 30


def test_a_machine_that_does_not_boot_is_named_and_repaired(commune: Commune) -> None:
    """Too little memory to boot: one message with machine and console; the rest is made; the next run repairs it."""
    commune.up()
    if not commune.lab.set_memory("server-1", 512 * MIB):
        pytest.skip("this computer lets nobody set memory limits")
    with Stack(commune.site()) as stack:
        stack.destroy()
    with Stack(commune.site(memory=8 * MIB)) as stack:
        with pytest.raises(ProvisioningError) as error:
            stack.up()
        assert len(stack.outputs().secrets) == 2
        assert [action.reason.en for action in stack.preview().actions] == ["the machine is not running"] * 2

    text = error.value.message.en
    for name in ("server-1", "server-2"):
        assert f"the machine {name} stopped:\n" in text
    assert len(text.splitlines()) > 4
    commune.up()
    assert reasons(commune.preview()) == {}


def test_a_reboot_inside_a_machine_is_no_drift(commune: Commune) -> None:
    """A machine that reboots itself stays the same machine, and plans stay empty."""
    commune.up()
    commune.lab.reboot("server-1")
    commune.lab.wait_ready("server-1")

    assert reasons(commune.preview()) == {}


@pytest.mark.parametrize("victim", ["program", "engine", "both"])
@pytest.mark.parametrize("at", range(KILLS // 3))
def test_a_kill_at_any_moment_is_finished_by_the_next_run(commune: Commune, victim: str, at: int) -> None:
    """After kill -9 the same command finishes: no duplicate in the state, no machine too many, an empty plan."""
    process = commune.start_up()
    wait_until(lambda: engine_of(process) or process.poll() is not None, "the engine runs", seconds=30, step=0.02)
    moment = random.Random(f"{victim}{at}").uniform(0.0, 2.5)
    time.sleep(moment)
    engine = engine_of(process) if process.poll() is None else None
    if victim in ("program", "both"):
        process.kill()
    if victim in ("engine", "both") and engine is not None:
        os.kill(engine, signal.SIGKILL)
    process.communicate()

    commune.up()
    urns = [resource.urn for resource in load_state(layout(commune.site()).state_file).resources]
    assert len(urns) == len(set(urns)), moment
    assert [state.name for state in commune.lab.list()] == ["server-1", "server-2"], moment
    assert reasons(commune.preview()) == {}, moment


def test_a_plan_made_after_a_kill_holds(commune: Commune) -> None:
    """What a plan says after the engine was killed in mid-creation is what apply then does."""
    process = commune.start_up()
    wait_until(lambda: commune.lab.list() or process.poll() is not None, "a machine is there", seconds=30, step=0.02)
    engine = engine_of(process)
    assert engine is not None
    os.kill(engine, signal.SIGKILL)
    process.communicate()
    with Stack(commune.site()) as stack:
        plan = stack.preview()
        assert "create" in {action.kind for action in plan.actions}
        stack.up(expected=plan.digest)
        assert reasons(stack.preview()) == {}


def test_destroy_sweeps_what_was_made_but_not_recorded(commune: Commune) -> None:
    """A machine whose record was lost with the engine is known by its owner's mark, and removed."""
    process = commune.start_up()
    wait_until(lambda: commune.lab.list() or process.poll() is not None, "a machine is there", seconds=30, step=0.02)
    engine = engine_of(process)
    process.kill()
    if engine is not None:
        os.kill(engine, signal.SIGKILL)
    process.communicate()
    assert commune.lab.list() != ()

    with Stack(commune.site()) as stack:
        stack.destroy()
    assert commune.lab.list() == ()
    assert not layout(commune.site()).state_file.exists()


def test_an_interrupted_run_stops_in_order_and_resumes(commune: Commune) -> None:
    """SIGINT lets what is under way finish, names the same command, and the next run goes on."""
    process = commune.start_up()
    wait_until(commune.lab.read_network, "the network is there", seconds=30, step=0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode != 0, output
    assert "create started network" in output
    assert "InterruptedRunError" in output
    assert load_state(layout(commune.site()).state_file).pending == ()
    commune.up()
    assert reasons(commune.preview()) == {}


def test_two_communes_at_once(commune: Commune) -> None:
    """Two stacks share backend, passphrase and computer, and do not meet."""
    other = Commune("pulumi-other", 98)
    first, second = commune.start_up(), other.start_up()
    outputs = [process.communicate(timeout=120)[0] for process in (first, second)]
    try:
        assert (first.returncode, second.returncode) == (0, 0), outputs
        assert reasons(commune.preview()) == {}
        assert reasons(other.preview()) == {}
        hosts = fetch_outputs(commune.site()).hosts, fetch_outputs(other.site()).hosts
        assert not {host.host_key for host in hosts[0].values()} & {host.host_key for host in hosts[1].values()}
    finally:
        with Stack(other.site()) as stack:
            stack.destroy()


def test_a_second_run_is_told_who_is_at_work(commune: Commune) -> None:
    """While one run works, another one is refused with the holder's name and command."""
    process = commune.start_up()
    wait_until(lambda: engine_of(process), "the engine runs", seconds=30, step=0.02)
    with pytest.raises(LockedError, match="test up"), Stack(commune.site()):
        pass
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_records_are_pruned(commune: Commune) -> None:
    """Many runs do not fill the disk with history."""
    commune.up()
    for _ in range(12):
        commune.up()

    history = layout(commune.site()).history
    assert len(list(history.iterdir())) <= 24
    assert json.loads((layout(commune.site()).folder / "site.json").read_text())["profile"] == "pulumi-test"
