"""A throw-away PostgreSQL for tests of applications: a cluster in a folder of its own, on a socket in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=20 -c shared_buffers=16MB"


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs on this computer, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def cluster(superuser: str) -> Iterator[Path]:
    """Run a cluster whose superuser, let in without a password, is so named; yield its folder, where the socket is."""
    binaries = programs()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket's path has 107 bytes at most
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam("postgres")
        as_user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        run(*as_user, binaries / "initdb", "-D", data, "-A", "trust", "-U", superuser, "--no-sync")
        control = [*as_user, binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        run(*control, "-o", f"-k {folder} {OPTIONS}", "start")
        try:
            yield folder
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def run(*command: object) -> None:
    """Run a program to its end without its output; raises CalledProcessError."""
    words = [str(word) for word in command]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
