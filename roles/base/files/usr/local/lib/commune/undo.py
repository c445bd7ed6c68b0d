"""Undoes what was changed of a host's firewall, SSH server, addresses or routes and never confirmed.

``undo.py NAME`` is started by the timer of the change NAME, ``undo.py --boot`` before the network and the SSH server
start: what was in the air when the machine stopped is then undone as well, by its files alone, since everything that
reads them starts afterwards. The module armed_change writes what this program reads; ``<state>/<NAME>/`` holds::

    armed.json    in the air: previous files, tables and units, and what they were replaced with
    undoing.json  the same, while it is being undone
    undone.json   when and why it was undone, for the toolkit when it comes back
    confirmed.json, error, 0, 1, ...   the last one that was kept; why a change could not be made; previous files

Undoing may be cut at any moment and is repeated whole. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/commune-undo")
TIMEOUT = 30.0  # seconds for one program

Run = Callable[..., None]


@contextlib.contextmanager
def locked(state: Path) -> Iterator[None]:
    """Keep the module and other runs of this program out."""
    with (state / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sync_folder(folder: Path) -> None:
    """Have the entries of a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(path: Path, content: bytes, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Put a file in place in one step, and on the disk."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def restore_file(folder: Path, item: dict[str, Any]) -> None:
    """Put one file back as it was: content, mode and owner, a link, or nothing."""
    path = Path(item["path"])
    if item["saved"] is not None:
        put(path, (folder / item["saved"]).read_bytes(), item["mode"], (item["uid"], item["gid"]))
        return
    path.unlink(missing_ok=True)
    if item["link"] is not None:
        path.symlink_to(item["link"])
    if path.parent.is_dir():
        sync_folder(path.parent)


def run(command: list[str], text: str | None = None) -> None:
    """Run a program; raises SubprocessError."""
    subprocess.run(command, input=text, text=True, check=True, timeout=TIMEOUT)


def restore_unit(item: dict[str, Any], run: Run) -> None:
    """Let a unit take its previous files up; one that did not run is stopped."""
    if not item["active"]:
        run(["systemctl", "stop", "--", item["name"]])
    elif item["verb"] == "reload":
        run(["systemctl", "reload-or-restart", "--", item["name"]])
    else:
        run(["systemctl", "restart", "--", item["name"]])


def steps(folder: Path, change: dict[str, Any], run: Run, *, boot: bool) -> list[Callable[[], None]]:
    """Return what undoing consists of, in its order."""
    found: list[Callable[[], None]] = [lambda item=item: restore_file(folder, item) for item in change["files"]]
    if not boot:
        found += [lambda script=script: run(["nft", "--file", "-"], script) for script in change["tables"]]
        found += [lambda item=item: restore_unit(item, run) for item in change["units"]]
    return found


def undo(folder: Path, why: str, run: Run = run) -> bool:
    """Undo the change in ``folder`` as far as it goes; return whether all of it went. Nothing in the air is fine."""
    armed, undoing = folder / "armed.json", folder / "undoing.json"
    if armed.exists():
        armed.replace(undoing)
        sync_folder(folder)
    if not undoing.exists():
        return True
    change = json.loads(undoing.read_text(encoding="utf-8"))
    whole = True
    for step in steps(folder, change, run, boot=why == "boot"):
        try:
            step()
        except (OSError, subprocess.SubprocessError) as error:
            whole = False
            print(f"{folder.name}: {error}", file=sys.stderr)
    if whole:
        record = {"armed": change["armed"], "undone": now(), "why": why, "seconds": change["seconds"]}
        put(folder / "undone.json", json.dumps(record).encode())
        undoing.unlink()
        sync_folder(folder)
        for item in change["files"]:
            if item["saved"] is not None:
                (folder / item["saved"]).unlink(missing_ok=True)
        print(f"{folder.name}: undone ({why})")
    return whole


def now() -> str:
    """Return the time as it goes into records."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def main(name: str, why: str = "timer", state: Path = STATE) -> int:
    """Undo one change, or all with ``--boot``; the exit status tells whether all of it went."""
    boot = name == "--boot"
    if not state.is_dir():
        return 0
    with locked(state):
        folders = sorted(each for each in state.iterdir() if each.is_dir()) if boot else [state / name]
        done = [undo(folder, "boot" if boot else why) for folder in folders]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
