"""Sending to the second machine and fetching back, with a restic that is made of paper."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from smartcommune import paths
from tests.plugin_files import load_file

PROGRAM = paths.checkout() / "roles/backup/files/commune_backup.py"
SETTINGS = {
    "host": "server-1",
    "repository": "sftp:backup-store:/repository",
    "key": "/k",
    "ssh_config": "/s",
    "daily": 14,
    "weekly": 8,
    "monthly": 12,
    "read_percent": 10,
}
OLD, NEW = "20261123T020000Z", "20261124T020000Z"


class Restic:
    """Stands in for restic: remembers what it was asked, and has the snapshots that it is given."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.snapshots: list[dict[str, object]] = []
        self.initialised = True

    def __call__(self, command, *, env=None, **_):
        """Answer one command."""
        words = command[4:] if command[0].endswith("restic") else command[1:]
        self.asked.append(words)
        answers = {
            "backup": '{"message_type":"status"}\n'
            '{"message_type":"summary","snapshot_id":"abc","total_bytes_processed":9,"data_added":5}',
            "snapshots": json.dumps(self.snapshots),
        }
        if words[0] == "restore":
            folder = Path(words[2].removeprefix("--target=")) / "shop" / NEW
            folder.mkdir(parents=True)
            (folder / "one").write_text("1")
        known = self.initialised or words[0] != "cat"
        return SimpleNamespace(returncode=0 if known else 10, stdout=answers.get(words[0], ""), stderr="")

    def add(self, stamp: str, *tags: str) -> None:
        """Have one more snapshot."""
        self.snapshots.append(
            {"id": stamp, "short_id": stamp, "time": stamp, "tags": ["data", f"stamp={stamp}", *tags]}
        )


@pytest.fixture
def restic():
    """The restic of paper."""
    return Restic()


@pytest.fixture
def sending(tmp_path, monkeypatch, restic):
    """The program with its folders in a temporary one."""
    module = load_file(PROGRAM, "off_host")
    for name in ("ROOT", "HOOKS", "CACHE"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(module, name, tmp_path / name)
    monkeypatch.setattr(module, "STATE", tmp_path / "client.json")
    monkeypatch.setattr(module.subprocess, "run", restic)
    for service in ("shop", "postgresql"):
        (module.HOOKS / f"{service}.json").write_text("[]")
        (module.ROOT / service / OLD).mkdir(parents=True)
        (module.ROOT / service / OLD / "manifest.json").touch()
    return module


def state(sending):
    """Return what everybody may know."""
    return json.loads(sending.STATE.read_bytes())


def test_the_newest_backup_is_sent_and_old_ones_forgotten(sending, restic):
    """All services go as one snapshot with the stamp, retention is asked for, and the state tells the success."""
    restic.initialised = False
    sending.send(SETTINGS, None)
    backup = next(words for words in restic.asked if words[0] == "backup")
    forget = next(words for words in restic.asked if words[0] == "forget")

    assert ["init"] in restic.asked
    assert {f"--tag=stamp={OLD}", "--tag=whole"} <= set(backup)
    assert [Path(word).parent.name for word in backup if word.startswith("/")] == ["postgresql", "shop"]
    assert {"--keep-daily=14", "--keep-weekly=8", "--keep-monthly=12"} <= set(forget)
    assert (state(sending)["state"], state(sending)["last_success"]["stamp"]) == ("done", OLD)


def test_what_lacks_a_service_is_sent_but_no_success(sending, restic):
    """What was saved goes away from the machine; that a service lacks is told, and the last success stays."""
    sending.send(SETTINGS, OLD)
    (sending.ROOT / "shop" / NEW).mkdir()
    sending.send(SETTINGS, NEW)

    assert not any("--tag=whole" in words for words in restic.asked if f"--tag=stamp={NEW}" in words)
    assert (state(sending)["state"], state(sending)["missing"]) == ("failed", ["postgresql"])
    assert state(sending)["last_success"]["stamp"] == OLD


def test_the_newest_whole_backup_is_fetched(sending, restic):
    """The newest is the newest that is whole; what is here stays, and belongs to who restores it."""
    restic.add(NEW, "whole")
    restic.add("20261125T020000Z")
    fetched = sending.fetch(SETTINGS, "latest")

    assert fetched == {"stamp": NEW, "snapshot": NEW, "services": ["shop"]}
    assert (sending.ROOT / "shop" / NEW / "one").read_text() == "1"
    assert not (sending.ROOT / ".fetch").exists()


def test_a_backup_that_is_nowhere_is_refused(sending, restic):
    """A stamp that the second machine does not have is told as such."""
    restic.add(NEW, "whole")

    with pytest.raises(sending.SendingError, match="20200101T000000Z"):
        sending.fetch(SETTINGS, "20200101T000000Z")
