"""What is sent by night arrives, and whoever takes a sender over cannot destroy what had arrived."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.deployment import Deployment

SENDER, STORE = "server-1", "server-2"
REPOSITORY = "/srv/commune-backup/clients/backup-server-1/repository"
SFTP = "sftp -q -F /etc/commune-backup/ssh_config -b - backup-store"
PLACES = ("snapshots/*", "index/*", "keys/*", "data/*/*", "config")
REMOVE = "\n".join(f"-rm /repository/{place}" for place in PLACES)


def save_by_the_timers_unit(commune: Deployment) -> str:
    """Run what the nightly timer runs, until it has sent; return the stamp."""
    commune.on(SENDER, "systemctl start commune-save.service && systemctl start commune-backup.service")
    return str(json.loads(commune.on(SENDER, "cat /var/lib/commune-backup/client.json"))["last_success"]["stamp"])


def stamps(commune: Deployment) -> list[str]:
    """Return what the second machine has of the first."""
    return [each["stamp"] for each in json.loads(commune.on(SENDER, "commune-backup list"))["snapshots"]]


def test_the_nightly_unit_saves_and_sends(commune: Deployment) -> None:
    """The timer's unit saves every service, and what it saved is on the second machine, unreadable there."""
    stamp = save_by_the_timers_unit(commune)
    saved = json.loads(commune.on(SENDER, "cat /var/lib/commune-backup/saved.json"))

    assert saved["stamp"] == stamp
    assert {name: each["state"] for name, each in saved["services"].items()} == {
        "postgresql": "saved",
        "traceability": "saved",
    }
    assert stamp in stamps(commune)
    assert commune.on(STORE, f"grep -rlE 'PGDMP|CREATE TABLE|traceability' {REPOSITORY} || true") == ""


def test_a_sender_reaches_nothing_but_its_own(commune: Deployment) -> None:
    """The sender's key opens no shell, no other account, nothing outside its folder, and lays no link."""
    other = "ssh -F /etc/commune-backup/ssh_config -o User=backup-server-2 -s backup-store sftp"
    shell = commune.on(SENDER, "ssh -F /etc/commune-backup/ssh_config backup-store id || true")

    assert "uid=" not in shell
    commune.on(SENDER, f"{other} </dev/null", codes=(255,))
    for line in (
        "ls /srv",
        "ls /../../kept",
        "symlink /etc/passwd x",
        "ln config second",
        "get /../../../etc/passwd /tmp/x",
    ):
        commune.on(SENDER, f"echo '{line}' | {SFTP}", codes=(1,))
    assert commune.on(SENDER, f"echo 'ls -1 /' | {SFTP}").splitlines()[1:] == ["/repository"]


def test_what_had_arrived_survives_a_sender_that_removes_everything(commune: Deployment) -> None:
    """A thief removes what the sender sees, overwrites nothing that was taken over, and it all comes back."""
    stamp = save_by_the_timers_unit(commune)
    commune.on(STORE, "systemctl start commune-backup-keep.service")
    commune.on(SENDER, f"echo 'put /etc/hostname /repository/config' | {SFTP}", codes=(1,))
    commune.on(SENDER, f"echo '{REMOVE}' | {SFTP}")
    commune.on(SENDER, "commune-backup list", codes=(1,))
    commune.on(STORE, "systemctl start commune-backup-keep.service")
    told = json.loads(commune.on(STORE, "cat /var/lib/commune-backup/store.json"))["clients"]["backup-server-1"]

    generations = json.loads(commune.on(STORE, "commune-backup-store list"))["backup-server-1"]
    before = [
        name
        for name in generations
        if not name.endswith("-before")
        and commune.on(STORE, f"ls /srv/commune-backup/kept/backup-server-1/{name}/snapshots || true")
    ]
    commune.on(STORE, f"commune-backup-store revert backup-server-1 {before[-1]}")

    assert told["snapshots"] == 0
    assert stamp in stamps(commune)
    assert json.loads(commune.on(SENDER, "commune-backup check"))["read_percent"] == 10
    assert json.loads(commune.on(STORE, "commune-backup-store verify"))["damaged"] == []


def test_a_broken_file_is_found_without_a_key(commune: Deployment) -> None:
    """The store itself finds a file whose content is not what its name says, and the check of the report fails."""
    save_by_the_timers_unit(commune)
    commune.on(STORE, "systemctl start commune-backup-keep.service")
    pack = commune.on(STORE, f"ls -t {REPOSITORY}/data/*/* | head -1").strip()
    commune.on(STORE, f"cp {pack} /root/pack && printf x | dd of={pack} conv=notrunc status=none")
    try:
        commune.on(STORE, "commune-backup-store verify", codes=(1,))
        failed = commune.document(*commune.verb("verify"), "--limit", STORE, codes=(1,))["summary"]["failed"]
    finally:
        commune.on(STORE, f"cat /root/pack > {pack} && rm /root/pack && commune-backup-store verify")

    assert failed == 1


@pytest.mark.parametrize("host", [SENDER, STORE])
def test_nothing_of_a_key_is_in_the_open(commune: Deployment, host: str) -> None:
    """A sender's repository key is on that machine alone, in one file of root's; the store has none."""
    key = next(value for name, value in commune.outputs.secrets.items() if name == f"{SENDER}/backup/repository_key")
    search = "grep -rlF -f - /etc /srv /var/lib /var/backups /var/log /run /root 2>/dev/null || true"
    done = subprocess.run(commune.lab.shell_argv(host, search), input=key, capture_output=True, text=True, check=True)
    found = done.stdout.split()

    assert found == (["/etc/commune-backup/repository.key"] if host == SENDER else [])
