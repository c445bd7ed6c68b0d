"""The data that the lab's callers give and get: what a machine shall be, and what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from smartcommune.site.models import Interface
from smartcommune.text import Text

MachineStatus = Literal["running", "frozen", "stopped"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a longer operation: what is being done, and how far it is where that is known (0 to 1)."""

    step: Text
    fraction: float | None = None


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Take a progress event and show nothing."""


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """What a lab machine shall be. Only ``memory`` changes in place; anything else means a new machine.

    ``address`` and ``prefix_length`` are the machine's place in ``zone``, ``gateway`` its way to the other zones.
    ``memory`` (bytes, 0 for no limit) and ``disk`` (bytes, sparse). ``authorized_keys`` log in as ``commune``.
    ``hosts`` are lines of ``/etc/hosts``: an address and its names. ``interfaces`` are the links, the first one with
    ``address``; a machine with several is a router and forwards from birth. None means the one link ``host0``.
    """

    name: str
    zone: str
    address: str
    prefix_length: int
    gateway: str
    memory: int
    disk: int
    authorized_keys: tuple[str, ...]
    fqdn: str = ""
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    interfaces: tuple[Interface, ...] = ()

    @property
    def links(self) -> tuple[Interface, ...]:
        """All its links."""
        return self.interfaces or (Interface(self.zone, self.address, self.prefix_length, "host0"),)

    @property
    def forwards(self) -> bool:
        """Whether it passes on what is not for itself."""
        return len(self.interfaces) > 1


@dataclass(frozen=True, slots=True)
class LinkState:
    """What is there of a machine's link: whether it is plugged into its zone, up at both ends, and cut on purpose."""

    name: str
    zone: str
    plugged: bool
    up: bool
    cut: bool


@dataclass(frozen=True, slots=True)
class MachineState:
    """What is there of a machine. Sizes in bytes; ``started_at`` in seconds since the epoch.

    ``owner`` is the mark that its maker left (a Pulumi URN). ``memory`` is the limit in force; where the computer
    lets us set none (``memory_enforced`` is False) it is the limit that was asked for. ``attached`` is False when the
    machine runs in a network that is gone; ``links`` is empty while it is stopped.
    """

    name: str
    owner: str
    status: MachineStatus
    spec: MachineSpec
    host_key: str
    base: str
    memory: int
    memory_enforced: bool
    memory_used: int | None = None
    disk_used: int = 0
    attached: bool = True
    links: tuple[LinkState, ...] = ()
    started_at: float | None = None
    pid: int | None = field(default=None, compare=False)

    @property
    def link_up(self) -> bool | None:
        """Whether all its links are up, None while it has none."""
        return all(link.up for link in self.links) if self.links else None

    @property
    def lost_links(self) -> tuple[str, ...]:
        """The links that neither its maker nor ``cut`` took away, and that starting it again mends."""
        return tuple(link.name for link in self.links if not link.plugged)


@dataclass(frozen=True, slots=True)
class Forward:
    """A lab service that this computer's browser reaches.

    ``url`` works with ``hosts_line`` in /etc/hosts; ``browser`` is a command line that needs no change to the computer.
    """

    name: str
    address: str
    port: int
    local_port: int
    url: str
    hosts_line: str
    browser: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a lab that was found (and removed, unless only looked for): its kind, its name, and a detail."""

    kind: Literal["process", "unit", "mount", "loop", "namespace", "cgroup", "file", "sysctl"]
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProxyStatus:
    """The package proxy: whether it runs, bytes fetched from the mirrors and bytes served, since the lab was made."""

    running: bool
    downloaded: int
    served: int
    offline: bool
