"""The vendor's release of the Pulumi engine, by download.

The archive and its list of checksums come from two places: neither alone can pass off another program.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import BinaryIO

from bootstrap.console import Console

ARCHIVES = "https://get.pulumi.com/releases/sdk"
CHECKSUMS = "https://github.com/pulumi/pulumi/releases/download/v{version}"
STALL = 10.0  # seconds without an answer or a byte: the place is out of reach
LIMIT = 900.0  # seconds for the whole archive (120 MB at 1 Mbit/s)
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
CHUNK = 1 << 18


class ReleaseUnavailableError(Exception):
    """The release is out of reach, too slow, or not what its checksum says."""


def fetch_engine(
    version: str, target: Path, *, console: Console, archives: str = ARCHIVES, checksums: str = CHECKSUMS
) -> None:
    """Download the engine, verify its checksum, and put the program at ``target`` in one move.

    Raises:
        ReleaseUnavailableError: nothing was put there.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        reason = f"no release for {platform.machine()}"
        raise ReleaseUnavailableError(reason)
    archive = f"pulumi-v{version}-linux-{machine}.tar.gz"
    listed = f"{checksums.format(version=version)}/pulumi-{version}-checksums.txt"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="release-") as folder:
        packed = Path(folder) / archive
        try:
            expected = _fetch_checksum(listed, archive)
            console.say(vi=f"  tải {archive}", en=f"  downloading {archive}")
            with packed.open("wb") as out:
                actual = _download(f"{archives}/{archive}", out, console)
        except OSError as error:
            raise ReleaseUnavailableError(str(getattr(error, "reason", error))) from error
        if actual != expected:
            reason = f"checksum {actual} is not the published {expected}"
            raise ReleaseUnavailableError(reason)
        _unpack(packed, target)


def _fetch_checksum(url: str, archive: str) -> str:
    with urllib.request.urlopen(url, timeout=STALL) as answer:  # noqa: S310 - https, fixed above
        lines = answer.read(1 << 20).decode().splitlines()
    for line in lines:
        digest, _, name = line.partition(" ")
        if name.strip(" *") == archive:
            return str(digest).lower()
    reason = f"{archive} is not in the published list"
    raise ReleaseUnavailableError(reason)


def _download(url: str, out: BinaryIO, console: Console) -> str:
    """Write what the address answers to ``out``; return its SHA-256."""
    digest = hashlib.sha256()
    begin = beat = time.monotonic()
    done = 0
    with urllib.request.urlopen(url, timeout=STALL) as answer:  # noqa: S310 - https, fixed above
        total = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(CHUNK):
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            now = time.monotonic()
            if now - begin > LIMIT:
                raise TimeoutError(f"only {done >> 20} MB in {LIMIT:.0f} s")
            if now - beat > console.period:
                beat = now
                console.heartbeat(now - begin, f"{done >> 20}/{total >> 20} MB")
    console.clear()
    if total and done != total:
        raise ConnectionError(f"{done} of {total} bytes came")
    return digest.hexdigest()


def _unpack(packed: Path, target: Path) -> None:
    """Take the one program out of the archive, and move it into place when it is on the disk."""
    fresh = packed.parent / "pulumi"
    with tarfile.open(packed) as archive, fresh.open("wb") as out:
        try:
            program = archive.extractfile("pulumi/pulumi")
        except KeyError as error:
            reason = "the archive holds no program"
            raise ReleaseUnavailableError(reason) from error
        if program is None:
            reason = "the archive's program is not a file"
            raise ReleaseUnavailableError(reason)
        shutil.copyfileobj(program, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.chmod(0o755)
    fresh.replace(target)
