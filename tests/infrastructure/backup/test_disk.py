"""A removable disk, plugged into the store: a loop device with a file system and a label."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import Deployment
from tests.infrastructure.backup.conftest import LABEL
from tests.infrastructure.backup.test_sender import SENDER, STORE, save_by_the_timers_unit


def call(*words: str) -> str:
    """Run a program on this computer; return what it wrote."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The disk as a device of this computer."""
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(64 * 1024**2)
    call("mkfs.ext4", "-q", "-L", LABEL, str(image))
    device = Path(call("losetup", "--find", "--show", str(image)))
    yield device
    call("losetup", "--detach", str(device))


@contextmanager
def plugged(commune: Deployment, device: Path) -> Iterator[None]:
    """Let the store have the device, as a kernel would when the disk is plugged in."""
    number = device.stat().st_rdev
    commune.on(STORE, f"mknod {device} b {os.major(number)} {os.minor(number)}")
    try:
        yield
    finally:
        commune.on(STORE, f"rm {device}")


def look(commune: Deployment) -> dict[str, Any]:
    """Run what the timer runs; return what is known of the disk afterwards."""
    commune.on(STORE, "systemctl start commune-backup-disk.service")
    return dict(json.loads(commune.on(STORE, "cat /var/lib/commune-backup/store.json"))["disk"])


def test_the_disk_gets_a_copy_that_restores(commune: Deployment, disk: Path, tmp_path: Path) -> None:
    """The copy opens with the sender's key and nothing but the disk; it is let go of; without it nothing fails."""
    stamp = save_by_the_timers_unit(commune)
    commune.on(STORE, "systemctl start commune-backup-keep.service")
    with plugged(commune, disk):
        first, second = look(commune), look(commune)
        assert commune.on(STORE, "findmnt --noheadings /run/commune-backup-disk || true") == ""
    away = look(commune)

    top = tmp_path / "top"
    top.mkdir()
    call("mount", "-o", "ro", str(disk), str(top))
    try:
        names = {path.name for path in (top / "smartcommune" / commune.profile.stem / "backup-server-1").iterdir()}
        carried = subprocess.run(
            commune.lab.shell_argv(SENDER, "mkdir /root/disk && tar --extract --directory=/root/disk"),
            input=subprocess.run(
                ["tar", "--create", f"--directory={top}/smartcommune/{commune.profile.stem}", "backup-server-1"],
                capture_output=True,
                check=True,
            ).stdout,
            check=True,
        )
    finally:
        call("umount", str(top))
    read = "restic --no-cache --password-file=/etc/commune-backup/repository.key --repo=/root/disk/backup-server-1"
    found = commune.on(SENDER, f"{read} snapshots --json; {read} check --read-data >/dev/null; rm -r /root/disk")

    assert carried.returncode == 0
    assert first["present"]
    assert first["files"] > 0
    assert (second["files"], away["present"], away["copied"]) == (0, False, second["copied"])
    assert names == {"config", "data", "index", "keys", "snapshots"}
    assert f"stamp={stamp}" in json.loads(found)[-1]["tags"]
