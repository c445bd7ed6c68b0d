"""The backup store: what arrives is kept out of its sender's reach, verified by name, copied, and brought back."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from smartcommune import paths
from tests.plugin_files import load_file

PROGRAM = paths.checkout() / "roles/backup_store/files/commune_backup_store.py"
SENDER = "backup-server-1"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The program with its folders in a temporary one, one sender, and accounts that are this process's own."""
    module = load_file(PROGRAM, "repository_store")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "STATE", tmp_path / "store.json")
    monkeypatch.setattr(module, "SETTINGS", tmp_path / "settings.json")
    module.SETTINGS.write_text(json.dumps({"keep_days": 60, "disk": "LABEL=X", "profile": "vi-huong"}))
    monkeypatch.setattr(module.os, "fchown", lambda *_: None)
    monkeypatch.setattr(module.os, "chown", lambda *_, **__: None)
    monkeypatch.setattr(module.grp, "getgrnam", lambda _: SimpleNamespace(gr_gid=0))
    monkeypatch.setattr(module.pwd, "getpwnam", lambda _: SimpleNamespace(pw_uid=0, pw_gid=0))
    for part in ("snapshots", "index", "keys", "data/00", "locks"):
        (tmp_path / "clients" / SENDER / "repository" / part).mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    module.repository = tmp_path / "clients" / SENDER / "repository"
    module.stamps = iter(range(10, 60))
    monkeypatch.setattr(module, "datetime", FixedTime(module))
    return module


class FixedTime:
    """A clock that goes on by a minute each time it is read."""

    def __init__(self, module) -> None:
        self.module, self.real = module, module.datetime

    def now(self, zone):
        """Return the next minute."""
        return self.real(2026, 11, 25, 2, next(self.module.stamps), tzinfo=zone)


def bring(store, content: bytes, part: str = "data/00") -> Path:
    """Lay a file into the repository as restic does, by its hash; return its path."""
    path = store.repository / part / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return path


def kept(store, generation: str) -> set[str]:
    """Return the names of the files of a generation."""
    folder = store.ROOT / "kept" / SENDER / generation
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_what_a_sender_removes_stays(store):
    """A generation holds what was there, and can be made the sender's repository again; the present one goes aside."""
    pack = bring(store, b"pack")
    first = store.keep()["clients"][SENDER]
    pack.unlink()
    bring(store, b"other")
    store.keep()
    before, after = store.generations(SENDER)
    store.revert(SENDER, before)

    assert (first["files"], first["generation"]) == (1, before)
    assert pack.name in kept(store, before) - kept(store, after)
    assert pack.read_bytes() == b"pack"
    assert store.newest(SENDER).name == after
    assert store.generations(SENDER)[-1].endswith("-before")


def test_an_emptied_repository_is_told(store):
    """The state counts the backups that a sender has now; what it removed makes no generation of nothing."""
    bring(store, b"pack")
    snapshot = bring(store, b"snapshot", "snapshots")
    assert store.keep()["clients"][SENDER]["snapshots"] == 1
    for path in (snapshot, *store.repository.rglob("data/00/*")):
        path.unlink()
    told = store.keep()["clients"][SENDER]

    assert (told["snapshots"], told["most"], told["generations"]) == (0, 1, 1)


def test_what_does_not_change_makes_no_generation(store):
    """Nothing new, no new generation; files that are being written are left for the next time."""
    bring(store, b"pack")
    store.keep()
    (store.repository / "data/00/abc-restic-temp-1").write_bytes(b"half")
    store.keep()

    assert len(store.generations(SENDER)) == 1
    assert store.load_state()["clients"][SENDER]["generations"] == 1


def test_a_file_of_a_generation_is_read_only(store):
    """What was taken over cannot be written by its sender."""
    pack = bring(store, b"pack")
    store.keep()

    assert pack.stat().st_mode & 0o777 == 0o440
    assert pack.stat().st_nlink == 2


def test_a_sender_at_work_is_waited_for_but_not_for_ever(store):
    """A fresh lock puts taking over off; one that was left behind does not."""
    bring(store, b"pack")
    lock = store.repository / "locks" / "lock"
    lock.touch()
    assert store.keep()["clients"][SENDER]["busy"]
    assert store.generations(SENDER) == []

    os.utime(lock, (0, 0))
    store.keep()
    assert len(store.generations(SENDER)) == 1


@pytest.mark.parametrize("part", ["data", "locks", "snapshots"])
def test_no_link_is_followed(store, tmp_path, part):
    """A link that a sender could lay leads nothing of the machine into a generation."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "shadow").write_text("root")
    (store.repository / part).rename(tmp_path / "away")
    (store.repository / part).symlink_to(secret)

    with pytest.raises(OSError, match=part):
        store.keep()
    assert secret.joinpath("shadow").stat().st_nlink == 1


def test_old_generations_go_and_the_newest_stay(store):
    """What is older than asked goes, but never the last three."""
    folder = store.ROOT / "kept" / SENDER
    for month in range(1, 6):
        (folder / f"2026{month:02}01T020000Z").mkdir(parents=True)
    store.drop_old(SENDER, 60)

    assert [name[:6] for name in store.generations(SENDER)] == ["202603", "202604", "202605"]


def test_damage_is_found_without_a_key(store):
    """A file whose content is not what its name says is named."""
    bring(store, b"pack")
    bad = bring(store, b"another")
    store.keep()
    bad.chmod(0o600)
    bad.write_bytes(b"rotten!")

    assert [Path(path).name for path in store.verify()["damaged"]] == [bad.name]
    assert store.load_state()["clients"][SENDER]["damaged"] != []


def test_the_disk_gets_what_is_new_and_loses_what_is_gone(store, tmp_path):
    """Only new files are written; what the newest generation has no more goes; a rotten copy is written again."""
    pack = bring(store, b"pack")
    snapshot = bring(store, b"snapshot", "snapshots")
    store.keep()
    disk = tmp_path / "disk"
    assert (store.copy_all(disk), store.copy_all(disk)) == (2, 0)

    (disk / SENDER / "data/00" / pack.name).write_bytes(b"rotn")
    snapshot.unlink()
    bring(store, b"new")
    store.keep()

    assert store.copy_all(disk) == 2
    assert {path.name for path in disk.rglob("*") if path.is_file()} == kept(store, store.newest(SENDER).name)
    assert (disk / SENDER / "data/00" / pack.name).read_bytes() == b"pack"


def test_a_disk_that_is_away_is_no_error(store, monkeypatch):
    """Without the disk the state says so, and when it was last looked for."""
    monkeypatch.setattr(store.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stdout=""))

    assert store.copy()["disk"]["present"] is False
    assert store.load_state()["disk"]["looked"]


def test_an_unknown_generation_is_refused(store):
    """What there is not is not brought back, and nothing is moved."""
    with pytest.raises(store.StoreError, match="list"):
        store.revert(SENDER, "../../etc")
    assert store.repository.is_dir()
