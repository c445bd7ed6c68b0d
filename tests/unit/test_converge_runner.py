"""Running a playbook, with a small program in Ansible's place: what it is given, what is kept, how it is ended."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from smartcommune.converge import runner
from smartcommune.converge.runner import ConvergeError, run_playbook
from smartcommune.converge.tracking import checking, installing
from smartcommune.site import load_site
from smartcommune.targets.outputs import HostOutput, KeyPair, Outputs
from smartcommune.targets.timings import load_timings
from smartcommune.transports.agent import FakeAgent

CANARY = "canary-5f1b9c"
TASK = {"host": "server-1", "role": "base", "task": "Write the firewall", "path": "x.yml:1"}
PROGRAM = """
import json, os, pathlib, sys, time
inventory = json.load(open(os.environ["SMARTCOMMUNE_INVENTORY"]))
secret = inventory["_meta"]["hostvars"]["server-1"]["cooperative_shop_django_key"]
pathlib.Path(sys.argv[1]).write_text(json.dumps({"environment": dict(os.environ), "arguments": sys.argv}))
print("failed with", secret, flush=True)
events = open(os.environ["SMARTCOMMUNE_EVENTS"], "w", buffering=1)
for event in json.loads(sys.argv[2]):
    events.write(json.dumps(event).replace("SECRET", secret) + "\\n")
time.sleep(float(sys.argv[3]))
sys.exit(int(sys.argv[4]))
"""


@pytest.fixture(scope="module")
def site():
    """The pilot commune in the lab."""
    return load_site("vi-huong", "lab")


@pytest.fixture
def outputs(site):
    """Outputs with a canary in a secret."""
    hosts = {host.name: HostOutput(host.name, host.address, 22, "commune", "ssh-ed25519 A") for host in site.hosts}
    secrets = {need.id: CANARY for need in site.secrets}
    return Outputs(hosts, secrets, KeyPair("ssh-ed25519 P", "private-key"), "ROOT", {})


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Put the program in Ansible's place; return what sets its events, patience and exit code, and what it saw."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(runner, "Agent", FakeAgent)
    program, seen = tmp_path / "program.py", tmp_path / "seen.json"
    program.write_text(PROGRAM)

    def play(events, patience=0.0, code=0):
        argv = (sys.executable, str(program), str(seen), json.dumps(events), str(patience), str(code))
        monkeypatch.setattr(runner, "_command", lambda *_, **__: argv)
        return seen

    return play


def ended(state, **more):
    """Return the event of an ended task."""
    return {"event": "ended", **TASK, "state": state, "seconds": 1.5, "message": "", "diff": "", **more}


def test_events_become_progress_and_a_result(site, outputs, stand_in):
    """Events are told while the run goes on, and sum up to the result."""
    stand_in([{"event": "started", **TASK}, ended("changed", diff="+ a\n"), ended("ok")])
    told = []

    result = run_playbook(site, outputs, on_event=told.append)

    assert [event.state for event in told] == ["started", "changed", "ok"]
    assert (result.hosts["server-1"].changed, result.changes[0].detail) == (1, "+ a")
    assert result.folder is not None
    assert len((result.folder / "events.jsonl").read_text().splitlines()) == 3


def test_no_secret_is_in_arguments_environment_or_files(site, outputs, stand_in):
    """The program reads the canary from memory; its arguments, environment, log and events do not have it."""
    seen = stand_in([ended("changed", diff="+ SECRET\n", message="SECRET")])
    result = run_playbook(site, outputs)
    kept = {path.name: path.read_text() for path in result.folder.iterdir()}

    assert "failed with ********" in kept["ansible.log"]
    assert [name for name, text in kept.items() if CANARY in text] == []
    assert CANARY not in seen.read_text()
    assert CANARY not in result.changes[0].diff


def test_the_environment_is_clean(site, outputs, stand_in, monkeypatch):
    """Nothing of the caller's settings reaches Ansible but what is named."""
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "json")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    path = stand_in([ended("ok")])
    run_playbook(site, outputs)
    seen = json.loads(path.read_text())

    assert "ANSIBLE_STDOUT_CALLBACK" not in seen["environment"]
    assert "PULUMI_CONFIG_PASSPHRASE" not in seen["environment"]
    assert seen["environment"]["ANSIBLE_CONFIG"].endswith("/ansible.cfg")
    assert seen["environment"]["ANSIBLE_SSH_AGENT"] == FakeAgent().socket
    assert not Path(seen["environment"]["ANSIBLE_LOCAL_TEMP"]).exists()


def test_times_are_remembered_by_what_happened(site, outputs, stand_in, tmp_path):
    """A role that changed something teaches how long installing takes, one that did not how long checking takes."""
    stand_in([ended("changed"), ended("ok", role="internal_ca")])
    run_playbook(site, outputs)
    timings = load_timings(tmp_path / "state" / "vi-huong" / "lab" / "timings.json")

    assert timings == {installing("server-1", "base"): 1.5, checking("server-1", "internal_ca"): 1.5}


def test_check_mode_teaches_nothing(site, outputs, stand_in, tmp_path):
    """A run that only looks leaves the measured times alone."""
    stand_in([ended("changed")])
    run_playbook(site, outputs, check=True)

    assert load_timings(tmp_path / "state" / "vi-huong" / "lab" / "timings.json") == {}


def test_failed_hosts_are_in_the_result(site, outputs, stand_in):
    """Ansible's exit code for failed or unreachable hosts is no error of ours: the result has them."""
    stand_in([ended("failed", message="No space left on device")], code=2)

    assert "disk is full" in run_playbook(site, outputs).failures[0].message.en


def test_ansible_that_cannot_start_is_one_error(site, outputs, stand_in):
    """A run that reached no host names Ansible's words and its log."""
    stand_in([], code=1)

    with pytest.raises(ConvergeError, match="Ansible could not run") as caught:
        run_playbook(site, outputs)
    assert "ansible.log" in caught.value.todo.en


def test_an_interrupt_ends_ansible(site, outputs, stand_in):
    """When the caller is interrupted, Ansible and what it started are gone before the interrupt goes on."""
    stand_in([ended("ok")], patience=60.0)
    before = time.monotonic()

    def interrupt(_event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_playbook(site, outputs, on_event=interrupt)
    assert time.monotonic() - before < 30
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(("check", "limit"), [(True, ("server-1",)), (False, None)])
def test_the_command_names_playbook_mode_and_hosts(check, limit):
    """Mode and hosts are arguments; nothing else is."""
    command = runner._command("site", check=check, limit=limit, variables={"commune_backup_stamp": "x"})

    assert Path(command[0]).name == "ansible-playbook"
    assert ("--check" in command) is check
    assert ("server-1" in command) is (limit is not None)
    assert json.loads(command[-1]) == {"commune_backup_stamp": "x"}
