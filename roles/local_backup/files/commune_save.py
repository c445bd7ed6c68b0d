#!/usr/bin/python3 -I
"""Saves the data of this machine's services, as their catalogue entries say, and proves what was saved.

``/etc/commune-backup.d/<service>.json`` is a service's list of steps; a backup is the folder
``/var/backups/commune/<service>/<stamp>/`` with a manifest of its files. It is there whole or not at all::

    commune-save save [--stamp STAMP]   save every service; the newest backups of each are kept
    commune-save prove STAMP            compare a backup with its manifests
    commune-save unpack FILE            lay the folders of a tar archive beside the backups that are there
    commune-save settle STAMP           give a backup that was brought back to the accounts that restore it
    commune-save latest                 say the newest stamp

Each prints one JSON document; 1 is the exit status when a service was not saved, or not proven. Standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import glob
import hashlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path("/var/backups/commune")
HOOKS = Path("/etc/commune-backup.d")
SETTINGS = Path("/etc/commune-backup/saving.json")
STATE = Path("/var/lib/commune-backup")
MANIFEST = "manifest.json"
STAMP = re.compile(r"\d{8}T\d{6}Z")
TIMEOUT = 4 * 3600  # seconds for one step


class SavingError(Exception):
    """A step that did not save what it should, or a backup that is not what its manifest says."""


def main(arguments: list[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="commune-save")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("save").add_argument("--stamp")
    commands.add_parser("latest")
    for name, word in (("prove", "stamp"), ("settle", "stamp"), ("unpack", "file")):
        commands.add_parser(name).add_argument(word)
    asked = parser.parse_args(arguments)
    if (stamp := getattr(asked, "stamp", None)) is not None and not STAMP.fullmatch(stamp):
        parser.error(f"{stamp} is no stamp, such as 20261124T020000Z")
    document, good = {
        "save": lambda: save(asked.stamp or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"),
        "latest": lambda: ({"stamp": latest()}, True),
        "prove": lambda: prove(asked.stamp),
        "settle": lambda: settle(asked.stamp),
        "unpack": lambda: unpack(Path(asked.file)),
    }[asked.command]()
    print(json.dumps(document, sort_keys=True))
    return 0 if good else 1


def hooks() -> dict[str, list[dict[str, Any]]]:
    """Return the steps of each service that keeps data here."""
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(HOOKS.glob("*.json"))}


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let one run work on the backups at a time."""
    ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
    ROOT.chmod(0o711)
    with (ROOT / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def save(stamp: str) -> tuple[dict[str, Any], bool]:
    """Save each service under one stamp; one that fails does not keep the others from it."""
    started, services = time.monotonic(), {}
    with locked():
        for service, steps in hooks().items():
            try:
                services[service] = {"state": "saved", "bytes": save_service(service, steps, stamp)}
            except (SavingError, OSError, subprocess.SubprocessError, KeyError) as error:
                services[service] = {"state": "failed", "error": " ".join(str(error).split())[-500:]}
                print(f"{service} was not saved: {error}", file=sys.stderr)
        keep_newest(json.loads(SETTINGS.read_bytes())["keep"])
    good = all(each["state"] == "saved" for each in services.values())
    finished = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    document = {"stamp": stamp, "finished": finished, "seconds": round(time.monotonic() - started, 1)}
    document |= {"services": services}
    write_state("saved.json", document, good=good)
    return document, good


def save_service(service: str, steps: list[dict[str, Any]], stamp: str) -> int:
    """Save one service; return the bytes. What is there under this stamp already stays."""
    place = ROOT / service
    place.mkdir(mode=0o711, exist_ok=True)
    os.chown(place, 0, 0)
    place.chmod(0o711)
    if not (place / stamp).exists():
        draft = place / f".{stamp}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        try:
            owner = owner_of(steps)
            os.chown(draft, *owner)
            for step in steps:
                run_step(step, draft)
            write_manifest(draft, service, stamp)
            sync(draft)
            draft.rename(place / stamp)
            sync(place)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return sum(each["bytes"] for each in manifest(place / stamp)["files"].values())


def owner_of(steps: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the account that a backup belongs to: the one that writes it, else root."""
    names = [step["user"] for step in steps if step["user"] != "root"]
    entry = pwd.getpwnam(names[0] if names else "root")
    return entry.pw_uid, entry.pw_gid


def run_step(step: dict[str, Any], folder: Path) -> None:
    """Run one step in the folder of a backup."""
    if step["path"] is not None:
        copy(step["path"], folder, step["file"])
        return
    words = [word.replace("{folder}", str(folder)) for word in step["command"]]
    if step["user"] != "root":
        words = ["/usr/sbin/runuser", "-u", step["user"], "--", *words]
    into = None if step["take"] or not step["file"] else (folder / step["file"]).open("wb")
    with into or contextlib.nullcontext():
        done = subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=into or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
            check=False,
        )
    if done.returncode != 0:
        raise SavingError(f"{words[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}")
    if step["take"]:
        take(Path(step["take"]), folder, step["file"])


def take(made: Path, folder: Path, name: str | None) -> None:
    """Move a file that a command made into the folder, or all files of a folder that it made."""
    for path in sorted(made.iterdir()) if made.is_dir() else [made]:
        into = folder / (name or path.name)
        shutil.copyfile(path, into, follow_symlinks=False)
        path.unlink()
    if made.is_dir():
        made.rmdir()


def copy(pattern: str, folder: Path, archive: str | None) -> None:
    """Copy the files that a pattern finds, or a whole folder as an archive with its entries in order."""
    if archive is None:
        found = [Path(each) for each in sorted(glob.glob(pattern))]  # noqa: PTH207 - an absolute pattern
        if not found and not glob.has_magic(pattern):
            raise SavingError(f"{pattern} is not there")
        for each in found:
            shutil.copyfile(each, folder / each.name, follow_symlinks=False)
        return
    with tarfile.open(folder / archive, "w", format=tarfile.PAX_FORMAT) as file:
        file.add(pattern, arcname=Path(pattern).name)  # sorted by name


def write_manifest(folder: Path, service: str, stamp: str) -> None:
    """Write beside the files what they are."""
    files = {path.name: facts(path) for path in sorted(folder.iterdir())}
    if not files:
        raise SavingError("its steps wrote nothing")
    for path in folder.iterdir():
        path.chmod(0o600)
    document = {"service": service, "host": socket.gethostname(), "stamp": stamp, "files": files}
    (folder / MANIFEST).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / MANIFEST).chmod(0o600)


def facts(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def manifest(folder: Path) -> dict[str, Any]:
    """Return a backup's manifest."""
    try:
        return dict(json.loads((folder / MANIFEST).read_bytes()))
    except (OSError, ValueError) as error:
        raise SavingError(f"{folder} has no manifest that can be read: {error}") from error


def sync(folder: Path) -> None:
    """Have a folder's files and entries on the disk."""
    for path in [each for each in folder.iterdir() if each.is_file()] + [folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def keep_newest(count: int) -> None:
    """Remove the oldest backups of each service, and what a cut run left; what has no manifest is no backup."""
    for place in [each for each in ROOT.iterdir() if each.is_dir()]:
        stamps = sorted(path.parent for path in place.glob(f"*/{MANIFEST}") if STAMP.fullmatch(path.parent.name))
        drafts = [path for path in place.glob(".*") if STAMP.fullmatch(path.name.removeprefix("."))]
        for path in (*stamps[:-count], *drafts):
            shutil.rmtree(path)


def latest() -> str | None:
    """Return the newest stamp of any service, None without any."""
    return max((path.parent.name for path in ROOT.glob(f"*/*/{MANIFEST}")), default=None)


def prove(stamp: str) -> tuple[dict[str, Any], bool]:
    """Compare every file of a backup with its manifest, every service of this machine."""
    services: dict[str, Any] = {}
    for service in hooks():
        try:
            services[service] = {"state": "proven", **prove_service(ROOT / service / stamp)}
        except (SavingError, OSError) as error:
            services[service] = {"state": "failed", "error": str(error)}
    return {"stamp": stamp, "services": services}, all(each["state"] == "proven" for each in services.values())


def prove_service(folder: Path) -> dict[str, int]:
    """Return what a folder holds; raises SavingError unless that is what its manifest says."""
    files = manifest(folder)["files"]
    there = {path.name: facts(path) for path in folder.iterdir() if path.name != MANIFEST}
    if wrong := sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name)):
        raise SavingError(f"not as its manifest says: {', '.join(wrong)}")
    return {"files": len(files), "bytes": sum(each["bytes"] for each in files.values()), **counted(folder)}


def counted(folder: Path) -> dict[str, int]:
    """Return tables and rows of the databases in a backup, where it has any."""
    tables = [table for path in folder.glob("*.rows.json") for table in json.loads(path.read_bytes()).values()]
    return {"tables": len(tables), "rows": sum(table["rows"] for table in tables)} if tables else {}


def settle(stamp: str) -> tuple[dict[str, Any], bool]:
    """Give the files of a backup to the accounts of this machine that restore them."""
    settled = []
    for service, steps in hooks().items():
        folder = ROOT / service / stamp
        if folder.is_dir():
            (ROOT / service).chmod(0o711)
            for path in (folder, *folder.iterdir()):
                os.chown(path, *owner_of(steps), follow_symlinks=False)
                path.chmod(0o700 if path is folder else 0o600)
            settled.append(service)
    return {"stamp": stamp, "services": settled}, True


def unpack(archive: Path) -> tuple[dict[str, Any], bool]:
    """Lay down the folders of an archive and settle them; return its newest stamp."""
    with locked(), tarfile.open(archive) as file:
        for member in file.getmembers():  # Python 3.11.4 and later would refuse the same by its data filter
            inside = (ROOT / member.name).resolve().is_relative_to(ROOT.resolve())
            if not inside or not (member.isfile() or member.isdir()):
                raise SavingError(f"{member.name} is no file of a backup")
        stamps = {part for name in file.getnames() for part in Path(name).parts if STAMP.fullmatch(part)}
        file.extraction_filter = getattr(tarfile, "data_filter", None)
        file.extractall(ROOT)  # noqa: S202 - looked at above
    for stamp in stamps:
        settle(stamp)
    return {"stamp": max(stamps, default=None)}, bool(stamps)


def write_state(name: str, document: dict[str, Any], *, good: bool) -> None:
    """Write what everybody may know of the last run, and when the last good one was."""
    path = STATE / name
    try:
        before = json.loads(path.read_bytes()).get("last_success")
    except (OSError, ValueError):
        before = None
    last = {key: document[key] for key in ("stamp", "finished")} if good else before
    descriptor, draft = tempfile.mkstemp(dir=STATE, prefix=f".{name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(
            document | {"state": "done" if good else "failed", "last_success": last}, file, indent=2, sort_keys=True
        )
        file.write("\n")
    Path(draft).chmod(0o644)
    Path(draft).replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
