#!/usr/bin/python3 -I
"""Keeps the repositories that other machines bring: takes them over, verifies them, copies them to a removable disk.

A sender writes by SFTP into ``clients/<account>/repository`` and could remove there what it likes. What has arrived is
therefore given to root, unwritable, and linked into a generation ``kept/<account>/<stamp>/`` that no sender reaches::

    commune-backup-store keep                        take over what arrived; drop generations that are too old
    commune-backup-store verify                      compare every file with its name, which is its SHA-256
    commune-backup-store copy                        copy the newest generations to the removable disk, if it is there
    commune-backup-store list                        say which generations there are
    commune-backup-store revert ACCOUNT GENERATION   make a sender's repository what it was

The store has no key and reads no backup. Standard library only; no path of a sender is followed through a link.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path("/srv/commune-backup")
SETTINGS = Path("/etc/commune-backup-store/settings.json")
STATE = Path("/var/lib/commune-backup/store.json")
MOUNT = Path("/run/commune-backup-disk")
GROUP = "commune-backup"
STAMP = "%Y%m%dT%H%M%SZ"
GENERATION = re.compile(r"\d{8}T\d{6}Z(-before)?")
HASHED = re.compile(r"[0-9a-f]{64}")
UNFINISHED = re.compile(r"-restic-temp-")
# What a backup that is listed needs was there before it: so nothing is kept that lacks a part.
PARTS = ("snapshots", "index", "keys", "data", "config")
AT_LEAST = 3  # generations that stay however old they are
LOCK_PATIENCE = 3600  # seconds after which a lock in a repository is held for forgotten
BLOCK = 1 << 20


class StoreError(Exception):
    """The store is not as it should be, or was asked for what it has not."""


def main(arguments: list[str]) -> int:
    """Run one command; print one JSON document."""
    parser = argparse.ArgumentParser(prog="commune-backup-store")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("keep", "verify", "copy", "list"):
        commands.add_parser(name)
    back = commands.add_parser("revert")
    back.add_argument("account")
    back.add_argument("generation")
    asked = parser.parse_args(arguments)
    with locked():
        try:
            document = {
                "keep": keep,
                "verify": verify,
                "copy": copy,
                "list": lambda: {account: generations(account) for account in accounts()},
                "revert": lambda: revert(asked.account, asked.generation),
            }[asked.command]()
        except (StoreError, OSError, subprocess.SubprocessError) as error:
            print(f"commune-backup-store: {error}", file=sys.stderr)
            return 1
    print(json.dumps(document, sort_keys=True))
    return 1 if document.get("damaged") else 0


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let one command work at a time."""
    with STATE.with_name(".store.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def accounts() -> list[str]:
    """Return the senders' accounts, also of those that have gone."""
    return sorted(path.name for path in (ROOT / "clients").iterdir() if path.is_dir())


def generations(account: str) -> list[str]:
    """Return what is kept of a sender, oldest first."""
    folder = ROOT / "kept" / account
    return sorted(path.name for path in folder.iterdir() if GENERATION.fullmatch(path.name)) if folder.is_dir() else []


def newest(account: str) -> Path | None:
    """Return the newest generation of what a sender brought."""
    kept = [name for name in generations(account) if not name.endswith("-before")]
    return ROOT / "kept" / account / kept[-1] if kept else None


def keep() -> dict[str, Any]:
    """Take over what each sender has brought."""
    state = load_state()
    days = json.loads(SETTINGS.read_bytes())["keep_days"]
    for account in accounts():
        told = state["clients"].setdefault(account, {})
        told["busy"] = is_busy(account)
        if not told["busy"]:
            told.update(keep_one(account))
            told["most"] = max(told.get("most", 0), told["snapshots"])
        drop_old(account, days)
        told["generations"] = len(generations(account))
    state["kept"] = now()
    save_state(state)
    return state


def is_busy(account: str) -> bool:
    """Tell whether a sender is at work; a lock that is older than any work is forgotten."""
    try:
        with opened(ROOT / "clients" / account / "repository" / "locks") as folder:
            ages = [
                time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
                for name in os.listdir(folder)  # noqa: PTH208 - as below
            ]
    except FileNotFoundError:
        return False
    return any(age < LOCK_PATIENCE for age in ages)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a folder that is no link, below folders that root owns but for the last ones."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        inner = os.open(path.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    try:
        yield inner
    finally:
        os.close(inner)


def keep_one(account: str) -> dict[str, Any]:
    """Link what a sender has into a new generation, unless the newest one is just that; return what is kept."""
    place = ROOT / "kept" / account
    place.mkdir(mode=0o700, exist_ok=True)
    draft = place / ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    group = grp.getgrnam(GROUP).gr_gid
    with opened(ROOT / "clients" / account / "repository") as repository:
        for part in PARTS:
            link(repository, part, draft, group)
    last, held = newest(account), listing(draft)
    facts: dict[str, Any] = {"files": len(held), "bytes": sum(size for _, size in held.values())}
    facts["snapshots"] = sum(name.startswith("snapshots/") for name in held)
    if not held or (last is not None and listing(last) == held):
        shutil.rmtree(draft)
        return facts
    stamp = f"{datetime.now(UTC):{STAMP}}"
    draft.rename(place / stamp)
    os.sync()
    return facts | {"generation": stamp, "changed": now()}


def link(parent: int, name: str, into: Path, group: int) -> None:
    """Give a file, or all files of a folder, to root, and link them into a folder of root's."""
    try:
        entry = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    except FileNotFoundError:
        return  # not there, or removed by its sender meanwhile
    try:
        status = os.fstat(entry)
        if stat.S_ISDIR(status.st_mode):
            (into / name).mkdir(mode=0o700)
            for inner in sorted(os.listdir(entry)):  # noqa: PTH208 - of a descriptor, which no link changes
                link(entry, inner, into / name, group)
        elif stat.S_ISREG(status.st_mode) and not UNFINISHED.search(name):
            if (status.st_uid, stat.S_IMODE(status.st_mode)) != (0, 0o440):
                os.fchown(entry, 0, group)
                os.fchmod(entry, 0o440)
            os.link(name, into / name, src_dir_fd=parent, follow_symlinks=False)
            if (into / name).lstat().st_ino != status.st_ino:  # exchanged between the two looks
                (into / name).unlink()
    finally:
        os.close(entry)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and size of each file below a folder of root's."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            found[str(path.relative_to(folder))] = (status.st_ino, status.st_size)
    return found


def drop_old(account: str, days: int) -> None:
    """Remove generations that are too old; the newest stay however old they are."""
    oldest = f"{datetime.now(UTC) - timedelta(days=days):{STAMP}}"
    for name in generations(account)[:-AT_LEAST]:
        if name < oldest:
            shutil.rmtree(ROOT / "kept" / account / name)


def verify() -> dict[str, Any]:
    """Compare the files of the newest generations with their names; what is damaged is told by its path."""
    state = load_state()
    damaged = []
    for account in accounts():
        if (folder := newest(account)) is not None:
            wrong = [str(path) for path in sorted(folder.rglob("*")) if is_damaged(path)]
            state["clients"].setdefault(account, {}).update({"verified": now(), "damaged": wrong})
            damaged += wrong
    save_state(state)
    return {"verified": now(), "damaged": damaged}


def is_damaged(path: Path) -> bool:
    """Tell whether a file is not what its name says; a file without such a name says nothing."""
    return bool(HASHED.fullmatch(path.name)) and path.is_file() and digest(path) != path.name


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy() -> dict[str, Any]:
    """Copy the newest generations to the disk; one that is not there is no error."""
    state, settings = load_state(), json.loads(SETTINGS.read_bytes())
    disk = state.setdefault("disk", {})
    disk.update({"asked": settings["disk"], "looked": now()})
    device = subprocess.run(["/usr/sbin/findfs", settings["disk"]], capture_output=True, text=True, check=False)
    disk["present"] = device.returncode == 0
    if disk["present"]:
        with mounted(device.stdout.strip()) as top:
            copied = copy_all(top / "smartcommune" / settings["profile"])
        disk.update({"copied": now(), "files": copied})
    save_state(state)
    return {"disk": disk}


@contextlib.contextmanager
def mounted(device: str) -> Iterator[Path]:
    """Have the disk at hand, and let go of it afterwards whatever happens."""
    MOUNT.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["/usr/bin/mount", "-o", "nodev,nosuid,noexec", device, str(MOUNT)], check=True)
    try:
        yield MOUNT
    finally:
        subprocess.run(["/usr/bin/umount", str(MOUNT)], check=True)


def copy_all(place: Path) -> int:
    """Copy each sender's newest generation, then remove what it has no more; return how many files were written."""
    written = 0
    for account in accounts():
        if (source := newest(account)) is None:
            continue
        files = [path.relative_to(source) for part in reversed(PARTS) for path in files_of(source / part)]
        for file in files:
            written += copy_file(source / file, place / account / file)
        for path in (place / account).rglob("*"):
            if path.is_file() and path.relative_to(place / account) not in set(files):
                path.unlink()
    os.sync()
    return written


def files_of(path: Path) -> list[Path]:
    """Return a file, or the files below a folder."""
    return [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())


def copy_file(source: Path, target: Path) -> bool:
    """Copy one file unless it is there, and read it back; return whether it was written."""
    if target.exists() and target.stat().st_size == source.stat().st_size and not is_damaged(target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}")
    with source.open("rb") as reader, draft.open("wb") as writer:
        shutil.copyfileobj(reader, writer, BLOCK)
        writer.flush()
        os.fsync(writer.fileno())
    if digest(draft) != digest(source):
        raise StoreError(f"{target} was not written as it was read: the disk is damaged")
    draft.replace(target)
    return True


def revert(account: str, generation: str) -> dict[str, Any]:
    """Make a sender's repository what it was; what it is now is kept aside for root."""
    source = ROOT / "kept" / account / generation
    if account not in accounts() or generation not in generations(account):
        raise StoreError(f"there is no generation {generation} of {account}; see commune-backup-store list")
    entry = pwd.getpwnam(account)
    home = ROOT / "clients" / account
    draft = ROOT / "kept" / account / ".revert"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    for path in sorted(source.rglob("*")):
        into = draft / path.relative_to(source)
        if path.is_dir():
            into.mkdir(mode=0o700)
        else:
            os.link(path, into)
    (draft / "locks").mkdir(mode=0o700)
    for path in (draft, *(each for each in draft.rglob("*") if each.is_dir())):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    aside = ROOT / "kept" / account / f"{datetime.now(UTC):{STAMP}}-before"
    (home / "repository").rename(aside)
    draft.rename(home / "repository")
    return {"account": account, "generation": generation, "aside": str(aside)}


def load_state() -> dict[str, Any]:
    """Return what the last run left to know."""
    try:
        return dict(json.loads(STATE.read_bytes()))
    except (OSError, ValueError):
        return {"clients": {}}


def save_state(state: dict[str, Any]) -> None:
    """Write what everybody may know."""
    descriptor, draft = tempfile.mkstemp(dir=STATE.parent, prefix=f".{STATE.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(state, file, indent=2, sort_keys=True)
        file.write("\n")
    Path(draft).chmod(0o644)
    Path(draft).replace(STATE)


def now() -> str:
    """Return the time in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
