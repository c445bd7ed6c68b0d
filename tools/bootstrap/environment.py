"""The virtual environment ``.venv``, exactly as a lock file says."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from bootstrap.console import Console, Counter, run
from bootstrap.errors import SetupError

STAMP = "smartcommune-stamp"
RUN = "requirements.lock"  # what the toolkit runs on
DEVELOP = "requirements-dev.lock"  # the same, and what tests and linters need


def fingerprint(checkout: Path, lock: str) -> str:
    """Return the digest of all that the environment depends on: lock, package, place, Python."""
    digest = hashlib.sha256()
    for name in (lock, "pyproject.toml"):
        digest.update((checkout / name).read_bytes())
    digest.update(f"{checkout}\n{sys.base_prefix}\n{sys.version}".encode())
    return digest.hexdigest()


def ensure_environment(console: Console, *, checkout: Path, log: Path, tests: bool) -> Path:
    """Make ``.venv`` equal to the lock file, unless it is; return its interpreter.

    An environment for development also serves to run the toolkit.
    """
    console.step(vi="Môi trường Python (.venv)", en="Python environment (.venv)")
    folder = checkout / ".venv"
    python = folder / "bin" / "python"
    stamp = folder / STAMP
    if folder.exists() and not os.access(folder, os.W_OK):
        raise SetupError(
            vi=f"{folder} thuộc về người dùng khác: sudo rm -r {folder}, rồi chạy lại",
            en=f"{folder} belongs to another user: sudo rm -r {folder}, then run this again",
        )
    # Ansible of a run, as root, and its linter, as the user, both keep things there: the user's, else root's alone
    (checkout / ".ansible").mkdir(exist_ok=True)
    lock = DEVELOP if tests else RUN
    serving = {fingerprint(checkout, each) for each in (lock, DEVELOP)}
    if stamp.is_file() and stamp.read_text() in serving and _answers(python):
        console.done(vi=f"đã đúng theo {lock}", en=f"as {lock} says")
        return python
    stamp.unlink(missing_ok=True)
    if not _answers(python):
        run([sys.executable, "-m", "venv", "--clear", str(folder)], console=console, log=log)
    total = len(re.findall(r"^[a-z0-9]\S*==", (checkout / lock).read_text(), re.MULTILINE))
    console.say(vi=f"  cài {total} gói đã khóa bằng mã băm", en=f"  installing {total} packages, locked by hash")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    run(
        [*pip, "--require-hashes", "--requirement", str(checkout / lock)],
        console=console,
        log=log,
        progress=Counter("Collecting ", total),
    )
    editable = ["--no-deps", "--no-build-isolation", "--no-index", "--editable", str(checkout)]
    run([*pip, *editable], console=console, log=log)
    stamp.write_text(fingerprint(checkout, lock))
    console.done(vi="đã cài xong", en="installed")
    return python


def _answers(python: Path) -> bool:
    """Return whether the environment's interpreter is this Python and its pip works."""
    asked = "import sys, pip; print(sys.version, sys.base_prefix, sep='|')"
    try:
        answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.rstrip("\n") == f"{sys.version}|{sys.base_prefix}"
