"""Saving a machine's data: whole or not at all, with a manifest that tells what was changed since."""

from __future__ import annotations

import json
import os
import tarfile
from typing import Any

import pytest

from smartcommune import paths
from tests.plugin_files import load_file

PROGRAM = paths.checkout() / "roles/local_backup/files/commune_save.py"
STAMP = "20261124T020000Z"


def step(**words: Any) -> dict[str, Any]:
    """Return a step as the inventory writes it."""
    return {"command": [], "path": None, "file": None, "take": None, "user": "root"} | words


@pytest.fixture
def saving(tmp_path, monkeypatch):
    """The program with its folders in a temporary one, where nobody needs to be root."""
    module = load_file(PROGRAM, "saving")
    for name in ("ROOT", "HOOKS", "STATE"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setattr(module, name, folder)
    monkeypatch.setattr(module, "SETTINGS", tmp_path / "saving.json")
    module.SETTINGS.write_text('{"keep": 2}', encoding="utf-8")
    monkeypatch.setattr(module.os, "chown", lambda *_, **__: None)
    module.hook = lambda service, *steps: (module.HOOKS / f"{service}.json").write_text(json.dumps(steps))
    return module


def test_each_kind_of_step_saves(saving, tmp_path):
    """Output, a file made elsewhere, what a command writes by itself, copies by pattern and a folder are all kept."""
    media = tmp_path / "media"
    media.mkdir()
    (media / "mật ong.png").write_bytes(b"\x89PNG")
    made = tmp_path / "copy.db"
    saving.hook(
        "shop",
        step(command=["echo", "head"], file="chain.json"),
        step(command=["cp", str(media / "mật ong.png"), str(made)], take=str(made), file="outbox.db"),
        step(command=["cp", "-r", str(media), str(tmp_path / "tables")], take=str(tmp_path / "tables")),
        step(command=["touch", "{folder}/own"]),
        step(path=str(media / "*.png")),
        step(path=str(media), file="media.tar"),
    )

    document, good = saving.save(STAMP)
    folder = saving.ROOT / "shop" / STAMP

    assert good
    assert sorted(path.name for path in folder.iterdir()) == [
        *("chain.json", "manifest.json", "media.tar", "mật ong.png", "outbox.db", "own"),
    ]
    assert (folder / "chain.json").read_text() == "head\n"
    with tarfile.open(folder / "media.tar") as archive:
        assert archive.getnames() == ["media", "media/mật ong.png"]
    assert not made.exists()
    assert document["services"]["shop"]["bytes"] > 0
    assert saving.prove(STAMP)[1]


@pytest.mark.parametrize("harm", ["changed", "gone", "added"])
def test_proof_tells_what_is_not_as_it_was(saving, harm):
    """A byte that changed, a file that is gone and one that was added are each told by name."""
    saving.hook("shop", step(command=["echo", "head"], file="chain.json"))
    saving.save(STAMP)
    file = saving.ROOT / "shop" / STAMP / ("more" if harm == "added" else "chain.json")
    if harm == "gone":
        file.unlink()
    else:
        file.write_text("heaD\n")

    document, good = saving.prove(STAMP)

    assert not good
    assert file.name in document["services"]["shop"]["error"]


def test_a_service_that_fails_leaves_nothing_and_keeps_no_other_from_it(saving):
    """A failed step leaves no half backup; others are saved; the state tells which failed, and the last good stamp."""
    saving.hook("good", step(command=["echo", "1"], file="one"))
    saving.save(STAMP)
    saving.hook("bad", step(command=["echo", "1"], file="one"), step(command=["false"]))
    document, good = saving.save("20261125T020000Z")
    state = json.loads((saving.STATE / "saved.json").read_bytes())

    assert not good
    assert {name: each["state"] for name, each in document["services"].items()} == {"bad": "failed", "good": "saved"}
    assert list((saving.ROOT / "bad").iterdir()) == []
    assert state["state"] == "failed"
    assert state["last_success"]["stamp"] == STAMP


def test_the_newest_are_kept(saving):
    """As many backups as wanted stay, and what a cut run left goes; what is there under a stamp is not made again."""
    saving.hook("shop", step(command=["echo", "1"], file="one"))
    (saving.ROOT / "shop" / ".20261101T020000Z").mkdir(parents=True)
    removed = saving.ROOT / "removed" / "20260101T020000Z"  # what was moved out of the way, by the same kind of name
    removed.mkdir(parents=True)
    for day in (21, 22, 23):
        saving.save(f"202611{day}T020000Z")
    before = (saving.ROOT / "shop" / "20261123T020000Z" / "one").stat().st_ino
    saving.save("20261123T020000Z")

    assert sorted(path.name for path in (saving.ROOT / "shop").iterdir()) == ["20261122T020000Z", "20261123T020000Z"]
    assert (saving.ROOT / "shop" / "20261123T020000Z" / "one").stat().st_ino == before
    assert removed.is_dir()
    assert saving.latest() == "20261123T020000Z"


def test_an_archive_is_laid_beside_what_is_there(saving, tmp_path):
    """What another machine saved is unpacked and proven; what leads out of the folder, or is no file, is refused."""
    saving.hook("shop", step(command=["echo", "1"], file="one"))
    saving.save(STAMP)
    archive = tmp_path / "carried.tar"
    with tarfile.open(archive, "w") as file:
        file.add(saving.ROOT / "shop", arcname="shop")
    saving.shutil.rmtree(saving.ROOT / "shop")

    assert saving.unpack(archive) == ({"stamp": STAMP}, True)
    assert saving.prove(STAMP)[1]
    (tmp_path / "plain").touch()
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name, placed in (("plain", "../out"), ("link", "shop/link"), (os.devnull, "shop/null")):
        with tarfile.open(archive, "w") as file:
            file.add(tmp_path / name, arcname=placed)
        with pytest.raises(saving.SavingError, match="no file of a backup"):
            saving.unpack(archive)
