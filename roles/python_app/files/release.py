"""Unpack one archive into a folder of its own, on the host, and mark it complete once everything is on the disk.

The archive is removed then. A folder without ``.complete`` is what a cut run left: it is removed first. With
``--wheels`` the folder becomes a release: it is linked to its packages, its build commands run, and releases and
packages that nobody goes back to are removed.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path


def build(folder: Path, entry: str, commands: list[list[str]]) -> None:
    """Run the application's build commands in the release; ends the program with their words when one fails."""
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        "PYTHONPATH": f"{folder / 'app'}:{folder / 'site-packages'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHON_APP_BUILD": "1",
        "PYTHON_APP_RELEASE": str(folder),
    }
    for words in commands:
        command = [sys.executable, entry, *words]
        done = subprocess.run(command, cwd=folder / "app", env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def prune(folder: Path, keep: int, current: Path) -> None:
    """Remove releases but the new, the current and the ``keep`` youngest others, then packages without a release."""
    releases = sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    others = [path for path in releases if path not in (folder, current.resolve())]
    for path in others[keep:]:
        shutil.rmtree(path)
    used = {(path / "site-packages").resolve() for path in folder.parent.iterdir()}
    for path in (folder.parents[1] / "wheels").iterdir():
        if path not in used:
            shutil.rmtree(path)


def release(options: argparse.Namespace) -> None:
    """Make the folder whole, then mark it so."""
    os.umask(0o022)
    folder: Path = options.folder
    if folder.exists():
        shutil.rmtree(folder)
    content = folder / options.into
    content.mkdir(parents=True, mode=0o755)
    with tarfile.open(options.archive) as archive:
        archive.extractall(content, filter="data")
    compileall.compile_dir(content, quiet=2, workers=0, invalidation_mode=None)
    if options.wheels:
        (folder / "site-packages").symlink_to(options.wheels)
        build(folder, options.entry, options.build)
    os.sync()
    (folder / ".complete").touch(mode=0o644)
    os.sync()
    options.archive.unlink()
    os.utime(folder / ".complete")  # later than the folder, which took the file up: what is newer was changed by hand
    if options.wheels:
        prune(folder, options.keep, folder.parents[1] / "current")


def main() -> None:
    """Parse the command line and make the release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--into", default=".")
    parser.add_argument("--wheels", type=Path, help="folder of the packages that the release uses")
    parser.add_argument("--entry", default="manage.py")
    parser.add_argument("--build", type=json.loads, default=[])
    parser.add_argument("--keep", type=int, default=2, help="releases kept beside the new and the current one")
    release(parser.parse_args())


if __name__ == "__main__":
    main()
