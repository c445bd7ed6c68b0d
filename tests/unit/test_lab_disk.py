"""Disks: sparse images made, copied and cut; and never the computer's own file system."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from smartcommune.lab import disk
from smartcommune.lab.loop import backing_file


def test_power_is_never_cut_on_the_computers_own_disk(tmp_path):
    """A folder that is not the machine's mounted image is left alone: nothing is asked of the kernel."""
    image = tmp_path / "disk.img"
    image.write_bytes(b"")
    assert disk.cut_power(tmp_path, image) is False
    assert backing_file(tmp_path.stat().st_dev) is None
    (tmp_path / "still").write_text("writable")


def test_a_copy_keeps_holes_and_bytes(tmp_path):
    """A sparse file's copy has the same bytes and takes up no more room."""
    source, target = tmp_path / "a.img", tmp_path / "b.img"
    with source.open("wb") as file:
        file.truncate(64 << 20)
        for offset in (0, 5 << 20, (64 << 20) - 4096):
            file.seek(offset)
            file.write(os.urandom(4096))
    disk.copy_image(source, target)
    assert target.stat().st_size == 64 << 20
    assert target.read_bytes() == source.read_bytes()
    assert disk.used(target) < 1 << 20


def test_a_copy_replaces_and_leaves_no_part(tmp_path):
    """Copying over an older image replaces it whole."""
    (tmp_path / "a.img").write_bytes(b"new")
    (tmp_path / "b.img").write_bytes(b"an older and longer one")
    (tmp_path / ".b.img.partial").write_bytes(b"left by a killed run")
    disk.copy_image(tmp_path / "a.img", tmp_path / "b.img")
    assert (tmp_path / "b.img").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.img", "b.img"]


@pytest.mark.skipif(
    shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None, reason="e2fsprogs is not installed"
)
def test_an_image_is_sparse_and_whole(tmp_path, monkeypatch):
    """An image of 20 GiB takes a few MiB, and holds an ext4 (its magic stands at byte 1080)."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    content = tmp_path / "content"
    (content / "up").mkdir(parents=True)
    (content / "up" / "hostname").write_text("server-1\n")
    image = tmp_path / "disk.img"
    disk.create_image(image, 20 << 30, content)
    with image.open("rb") as file:
        file.seek(1080)
        assert file.read(2) == b"\x53\xef"
    assert image.stat().st_size == 20 << 30
    assert disk.used(image) < 24 << 20
    assert not list(Path(tmp_path).glob(".*partial"))
