#!/usr/bin/python3 -I
"""Sends what ``commune-save`` saved to the second machine, encrypted, and brings it back.

    commune-backup send [--stamp STAMP]   send a backup, the newest when none is named; forget what is older than asked
    commune-backup fetch STAMP|latest     bring a backup back beside those that are here
    commune-backup list                   say which backups the second machine has of this one
    commune-backup check                  give free what was forgotten; read a part of the repository and compare it
    commune-backup probe                  send a marked file, bring it back, compare it, and forget it

Each prints one JSON document. The state that everybody may read is ``/var/lib/commune-backup/client.json``.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path("/var/backups/commune")
HOOKS = Path("/etc/commune-backup.d")
SETTINGS = Path("/etc/commune-backup/sending.json")
STATE = Path("/var/lib/commune-backup/client.json")
CACHE = Path("/var/cache/commune-backup")
STAMP = re.compile(r"\d{8}T\d{6}Z")
NO_REPOSITORY = 10  # restic's exit status
DATA, WHOLE, PROBE = "data", "whole", "probe"  # tags


class SendingError(Exception):
    """The second machine could not be reached, or has not what was asked for."""


def main(arguments: list[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="commune-backup")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("send").add_argument("--stamp")
    commands.add_parser("fetch").add_argument("stamp")
    for name in ("list", "check", "probe"):
        commands.add_parser(name)
    asked = parser.parse_args(arguments)
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = json.loads(SETTINGS.read_bytes())
    try:
        with (CACHE / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            match asked.command:
                case "send":
                    document = send(settings, asked.stamp)
                case "fetch":
                    document = fetch(settings, asked.stamp)
                case "list":
                    document = {"snapshots": [describe(each) for each in snapshots(settings)]}
                case "check":
                    document = check(settings)
                case _:
                    document = probe(settings)
    except (SendingError, OSError, subprocess.SubprocessError) as error:
        if asked.command in ("send", "check"):
            write_state({"state": "failed", "failed": now(), "error": " ".join(str(error).split())[-400:]})
        print(f"commune-backup: {error}", file=sys.stderr)
        return 1
    print(json.dumps(document, sort_keys=True))
    return 0


def restic(settings: dict[str, Any], *words: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run restic on the repository; raises SendingError with its last words."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(CACHE),
        "TMPDIR": str(CACHE),
        "RESTIC_CACHE_DIR": str(CACHE),
        "RESTIC_REPOSITORY": settings["repository"],
        "RESTIC_PASSWORD_FILE": settings["key"],
        "GOGC": "50",
    }
    command = ["/usr/bin/restic", "--option", f"sftp.args=-F {settings['ssh_config']}", "--retry-lock=15m", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise SendingError(f"restic {words[0]} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done


def ensure_repository(settings: dict[str, Any]) -> None:
    """Make the repository where there is none."""
    if restic(settings, "cat", "config", codes=(0, NO_REPOSITORY)).returncode == NO_REPOSITORY:
        restic(settings, "init")


def send(settings: dict[str, Any], stamp: str | None) -> dict[str, Any]:
    """Send one backup of all services that have it, and forget what is older than asked."""
    services = sorted(path.stem for path in HOOKS.glob("*.json"))
    if not services:
        write_state({"state": "nothing", "finished": now()})
        return {"state": "nothing"}
    stamp = stamp or newest()
    folders = [str(ROOT / service / stamp) for service in services if (ROOT / service / stamp).is_dir()]
    if not folders:
        raise SendingError(f"no service has a backup {stamp}")
    started = time.monotonic()
    ensure_repository(settings)
    host = f"--host={settings['host']}"
    missing = [service for service in services if str(ROOT / service / stamp) not in folders]
    tags = [f"--tag={DATA}", f"--tag=stamp={stamp}", *([] if missing else [f"--tag={WHOLE}"])]
    lines = restic(settings, "backup", "--json", "--group-by=host", host, *tags, *folders).stdout.splitlines()
    summary = next(each for each in map(json.loads, lines) if each["message_type"] == "summary")
    kept = [f"--keep-{name}={settings[name]}" for name in ("daily", "weekly", "monthly")]
    restic(settings, "forget", host, f"--tag={DATA}", "--group-by=host", "--keep-last=3", *kept)
    document = {
        "stamp": stamp,
        "snapshot": summary["snapshot_id"],
        "services": [Path(folder).parent.name for folder in folders],
        "missing": missing,
        "bytes": summary["total_bytes_processed"],
        "sent": summary.get("data_added_packed", summary["data_added"]),
        "seconds": round(time.monotonic() - started, 1),
        "finished": now(),
    }
    good = {"state": "done", "last_success": document}
    write_state(good if not missing else {"state": "failed", "missing": missing})
    return document


def newest() -> str:
    """Return the newest stamp on this machine."""
    stamps = {path.parent.name for path in ROOT.glob("*/*/manifest.json") if STAMP.fullmatch(path.parent.name)}
    if not stamps:
        raise SendingError("nothing was saved yet: commune-save save")
    return max(stamps)


def snapshots(settings: dict[str, Any], tag: str = DATA) -> list[dict[str, Any]]:
    """Return this machine's snapshots, oldest first."""
    answer = restic(settings, "snapshots", "--json", f"--host={settings['host']}", f"--tag={tag}").stdout
    return sorted(json.loads(answer) or [], key=lambda each: each["time"])


def stamp_of(snapshot: dict[str, Any]) -> str:
    """Return the stamp that a snapshot carries."""
    return next((tag.removeprefix("stamp=") for tag in snapshot["tags"] if tag.startswith("stamp=")), "")


def describe(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return what a person asks of a snapshot."""
    return {"snapshot": snapshot["short_id"], "stamp": stamp_of(snapshot), "time": snapshot["time"]}


def fetch(settings: dict[str, Any], stamp: str) -> dict[str, Any]:
    """Bring a backup back; what is here under its stamp already stays."""
    everything = snapshots(settings)
    whole = [each for each in everything if WHOLE in each["tags"]]
    there = whole or everything if stamp == "latest" else [each for each in everything if stamp_of(each) == stamp]
    if not there:
        raise SendingError(f"the second machine has no backup {stamp} of this one")
    snapshot = there[-1]
    stamp = stamp_of(snapshot)
    draft = ROOT / ".fetch"
    shutil.rmtree(draft, ignore_errors=True)
    ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        restic(settings, "restore", f"{snapshot['id']}:{ROOT}", f"--target={draft}", "--verify")
        services = []
        for folder in sorted(draft.glob(f"*/{stamp}")):
            place = ROOT / folder.parent.name
            place.mkdir(mode=0o711, exist_ok=True)
            if not (place / stamp).exists():
                folder.rename(place / stamp)
            services.append(place.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    subprocess.run(["/usr/local/sbin/commune-save", "settle", stamp], stdout=subprocess.DEVNULL, check=True)
    return {"stamp": stamp, "snapshot": snapshot["id"], "services": services}


def check(settings: dict[str, Any]) -> dict[str, Any]:
    """Give free what was forgotten, then read a part of the repository and compare it."""
    ensure_repository(settings)
    restic(settings, "prune", "--max-unused=10%")
    restic(settings, "check", f"--read-data-subset={settings['read_percent']}%")
    document = {"checked": now(), "read_percent": settings["read_percent"]}
    write_state(document)
    return document


def probe(settings: dict[str, Any]) -> dict[str, Any]:
    """Send a marked file, bring it back, compare it, and forget it."""
    started = time.monotonic()
    ensure_repository(settings)
    with tempfile.TemporaryDirectory(dir=STATE.parent, prefix=".probe-") as folder:  # restic leaves its own cache out
        file = Path(folder, "probe.bin")
        file.write_bytes(b"smartcommune test file\n" + secrets.token_bytes(65536))
        answer = restic(settings, "backup", "--json", f"--host={settings['host']}", f"--tag={PROBE}", str(file)).stdout
        identity = json.loads(answer.splitlines()[-1])["snapshot_id"]
        try:
            restic(settings, "restore", f"{identity}:{folder}", f"--target={folder}/back")
            same = Path(folder, "back", file.name).read_bytes() == file.read_bytes()
        finally:
            restic(settings, "forget", identity)
    left = len(snapshots(settings, PROBE))
    return {"same": same, "left": left, "seconds": round(time.monotonic() - started, 1)}


def write_state(known: dict[str, Any]) -> None:
    """Write what everybody may know: what is new, and what was known of earlier runs."""
    try:
        before = json.loads(STATE.read_bytes())
    except (OSError, ValueError):
        before = {}
    if known.get("state") == "done":
        before = {key: value for key, value in before.items() if key not in ("error", "failed", "missing")}
    descriptor, draft = tempfile.mkstemp(dir=STATE.parent, prefix=f".{STATE.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(before | known, file, indent=2, sort_keys=True)
        file.write("\n")
    Path(draft).chmod(0o644)
    Path(draft).replace(STATE)


def now() -> str:
    """Return the time in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
