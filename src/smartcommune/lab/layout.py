"""Where the lab of one commune keeps things, and what its parts are called."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

NETNS = Path("/run/netns")
MARK_VARIABLE = "SMARTCOMMUNE_LAB"  # in the environment of every process of a lab
UNIT_PREFIX = "sc-lab-"
CGROUP_PARENT = "smartcommune-lab"
_LONGEST_LINK_NAME = 15


@dataclass(frozen=True, slots=True)
class Layout:
    """The names and places of one commune's lab; ``profile`` is the profile's name."""

    profile: str
    root: Path

    @property
    def directory(self) -> Path:
        """All state of this lab."""
        return self.root / self.profile

    @property
    def netns(self) -> str:
        """The name of its network namespace."""
        return f"sc-{self.profile}"

    @property
    def netns_path(self) -> Path:
        """The file that holds its network namespace."""
        return NETNS / self.netns

    @property
    def network(self) -> Path:
        """The record of the network."""
        return self.directory / "network.json"

    @property
    def machines(self) -> Path:
        """One folder a machine."""
        return self.directory / "machines"

    @property
    def snapshots(self) -> Path:
        """One folder a snapshot."""
        return self.directory / "snapshots"

    @property
    def forwards(self) -> Path:
        """One folder a service opened to this computer."""
        return self.directory / "forwards"

    @property
    def stations(self) -> Path:
        """One folder a station."""
        return self.directory / "stations"

    @property
    def proxy(self) -> Path:
        """The package proxy's folder."""
        return self.directory / "proxy"

    @property
    def deployment(self) -> Path:
        """Where the toolkit keeps what belongs to the commune on target ``lab``: its ssh configuration among others."""
        return self.root.parent / self.profile / "lab"

    def machine(self, name: str) -> Path:
        """Return the folder of one machine."""
        return self.machines / name

    @property
    def cgroup_name(self) -> str:
        """The name of its control group; two checkouts may have a lab of the same profile."""
        return f"{self.profile}-{hashlib.sha256(str(self.directory).encode()).hexdigest()[:6]}"

    def unit(self, kind: str, name: str) -> str:
        """Return the name of a transient systemd unit (without suffix)."""
        return f"{UNIT_PREFIX}{self.profile}-{kind}-{name}"

    def mark(self, kind: str, name: str) -> str:
        """Return what a process of this lab carries in its environment."""
        return f"{self.directory}:{kind}:{name}"

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold one of the lab's locks (``network``, ``machine-server-1``); another holder is waited for."""
        folder = self.directory / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / name):
            yield


def layout(profile: str, state: Path | None = None) -> Layout:
    """Return the layout of one commune's lab below ``state`` (the toolkit's state folder by default)."""
    return Layout(profile, (state or paths.state()).resolve() / "lab")


def machine_id(name: str) -> str:
    """Return the short name nspawn knows a machine by: its link ``vb-<id>`` must fit the kernel's 15 characters."""
    room = _LONGEST_LINK_NAME - len("vb-")
    if len(name) <= room:
        return name
    return f"{name[: room - 7].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def link_of(name: str, interface: str = "host0") -> str:
    """Return the lab's end of a machine's link; the links of a router are told apart by a digest of both names."""
    if interface == "host0":
        return f"vb-{machine_id(name)}"
    digest = hashlib.sha256(f"{name} {interface}".encode()).hexdigest()[:6]
    return f"vb-{interface[:4]}-{digest}"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; the kernel drops it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` so that a reader sees the old file or the new one, never a part."""
    write_whole(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False), on_disk=True)


def load_json(path: Path) -> Any:
    """Return what ``path`` holds, or None when it is absent or not JSON (a computer that lost its power, say)."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
