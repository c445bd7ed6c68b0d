"""What this computer must have: programs, versions, rights, room. Each finding says what to do when it is absent."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from smartcommune import paths
from smartcommune.lab.commands import PACKAGES
from smartcommune.sizes import format_bytes
from smartcommune.text import Text

GIBIBYTE = 1024**3
DISK_NEEDED = 8 * GIBIBYTE  # the checkout's environment, the engine, the base image and two machines
MEMORY_NEEDED = 3 * GIBIBYTE  # the lab at its 2.5 GB and the toolkit itself
PROGRAMS = {"ssh": "openssh-client", "ssh-agent": "openssh-client", "ssh-keygen": "openssh-client", "git": "git"}
_SETUP = Text(vi="chạy: make setup", en="run: make setup")


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing the toolkit needs: whether it is there, what was found, what to do when it is not."""

    subject: Text
    present: bool
    found: str
    todo: Text


def inspect(*, lab: bool) -> list[Prerequisite]:
    """Return all findings; nothing is changed and nothing is fetched."""
    findings = [_python(), *(_program(name, package) for name, package in PROGRAMS.items()), _engine(), _state()]
    if lab:
        findings += [
            _linux(),
            _root(),
            *(_program(name, package) for name, package in PACKAGES.items() if name not in PROGRAMS),
        ]
        findings += [_disk(), _memory()]
    return findings


def _both(vi: str, en: str) -> Text:
    return Text(vi=vi, en=en)


def _python() -> Prerequisite:
    version = platform.python_version()
    return Prerequisite(
        _both("Python 3.11 trở lên", "Python 3.11 or newer"), sys.version_info >= (3, 11), version, _SETUP
    )


def _program(name: str, package: str) -> Prerequisite:
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    todo = _both(f"chạy: make setup (gói {package})", f"run: make setup (package {package})")
    return Prerequisite(_both(f"chương trình {name}", f"program {name}"), path is not None, path or "", todo)


def _engine() -> Prerequisite:
    from smartcommune.errors import SmartCommuneError
    from smartcommune.targets.engine import find_engine

    subject = _both("bộ máy Pulumi", "Pulumi engine")
    try:
        return Prerequisite(subject, present=True, found=str(find_engine()), todo=_SETUP)
    except SmartCommuneError as error:
        return Prerequisite(subject, present=False, found="", todo=error.todo or _SETUP)


def _state() -> Prerequisite:
    folder = paths.state()
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    subject = _both(f"ghi được vào {folder}", f"{folder} can be written")
    todo = _both(
        f"cho phép ghi vào {nearest}, hoặc đặt SMARTCOMMUNE_STATE",
        f"allow writing to {nearest}, or set SMARTCOMMUNE_STATE",
    )
    writable = os.access(nearest, os.W_OK) or shutil.which("sudo") is not None
    return Prerequisite(subject, writable and nearest.is_dir(), "", todo)


def _linux() -> Prerequisite:
    release = Path("/etc/os-release")
    like = release.read_text(encoding="utf-8") if release.exists() else ""
    todo = _both("lab chạy trên Debian hoặc hệ giống Debian", "the lab runs on Debian or a system like it")
    return Prerequisite(_both("Debian", "Debian"), "debian" in like.lower(), platform.release(), todo)


def _root() -> Prerequisite:
    root = os.geteuid() == 0
    found = "root" if root else shutil.which("sudo") or ""
    todo = _both("cài sudo, hoặc chạy bằng root", "install sudo, or run as root")
    return Prerequisite(_both("quyền root hoặc sudo", "root or sudo"), bool(found), found, todo)


def _disk() -> Prerequisite:
    folder = paths.state()
    free = shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free
    subject = _both(f"{format_bytes(DISK_NEEDED)} đĩa trống", f"{format_bytes(DISK_NEEDED)} of free disk")
    todo = _both("giải phóng đĩa, hoặc đặt SMARTCOMMUNE_STATE", "free some disk, or set SMARTCOMMUNE_STATE")
    return Prerequisite(subject, free >= DISK_NEEDED, format_bytes(free), todo)


def _memory() -> Prerequisite:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    needed = format_bytes(MEMORY_NEEDED)
    subject = _both(f"{needed} bộ nhớ còn dùng được", f"{needed} of memory available")
    todo = _both("đóng bớt chương trình", "close some programs")
    return Prerequisite(subject, available >= MEMORY_NEEDED, format_bytes(available), todo)
