"""What all simulators are: a device with accounts, a host key, a boot, a memory that outlives it, and command lines."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import asyncssh

from smartcommune.whole_files import write_whole


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a simulator stands. ``address``/``vlan``: its management; ``password``: what it came with.

    ``latency`` is how long it thinks about a command, ``boot`` how long it is away when it restarts, and ``scale``
    stretches its timers: 1 is real time.
    """

    name: str
    folder: Path
    address: str
    vlan: int
    gateway: str
    user: str
    password: str
    prefix_length: int = 24
    latency: float = 0.0
    boot: float = 3.0
    scale: float = 1.0
    variant: str = ""


class Simulator(ABC):
    """One simulated device. What is in ``memory`` outlives a restart; the rest is as in a device's main memory."""

    platform: ClassVar[str]

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.booting = False
        self.memory: dict[str, Any] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._connections: set[asyncssh.SSHServerConnection] = set()
        path = setting.folder / "memory.json"
        if path.exists():
            self.memory = json.loads(path.read_bytes())
        else:
            key = asyncssh.generate_private_key("ssh-ed25519")
            self.memory = {
                "host_key": key.export_private_key().decode(),
                "public_key": " ".join(key.export_public_key().decode().split()[:2]),
                "passwords": {setting.user: setting.password},
                "restarts": 0,
            } | self.factory()
            self.keep()
        self.start()

    @abstractmethod
    def factory(self) -> dict[str, Any]:
        """Return what the memory holds when the technician has given the device its address."""

    @abstractmethod
    def start(self) -> None:
        """Load what is kept into what runs."""

    @abstractmethod
    def reachable(self) -> bool:
        """Return whether the configuration that runs lets the toolkit in."""

    @abstractmethod
    def command_line(self) -> CommandLine:
        """Return a new command line."""

    @property
    def host_key(self) -> asyncssh.SSHKey:
        """The device's host key."""
        return asyncssh.import_private_key(self.memory["host_key"])

    def keep(self) -> None:
        """Write the memory."""
        self.setting.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.setting.folder / "memory.json", json.dumps(self.memory, indent=1))

    def check_password(self, user: str, password: str) -> bool:
        """Return whether an account opens."""
        return bool(self.memory["passwords"].get(user) == password)

    # time

    def after(self, name: str, seconds: float, what: Any) -> None:
        """Do something later, unless it is called off by its name."""
        self.call_off(name)
        loop = asyncio.get_running_loop()
        self._timers[name] = loop.call_later(seconds * self.setting.scale, what)

    def call_off(self, name: str) -> None:
        """Forget what was to be done later."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def restart(self) -> None:
        """Reboot: away for a while, then with what was kept."""
        for name in [*self._timers]:
            self.call_off(name)
        self.booting = True
        self.memory["restarts"] += 1
        self.keep()
        self.hang_up()
        asyncio.get_running_loop().call_later(self.setting.boot, self._booted)

    def _booted(self) -> None:
        self.booting = False
        self.start()

    # connections

    def admits(self) -> bool:
        """Return whether a connection would come through now."""
        return not self.booting and self.reachable()

    def joined(self, connection: asyncssh.SSHServerConnection) -> None:
        """Know a connection, to cut it when the device can no longer be reached."""
        self._connections.add(connection)

    def left(self, connection: asyncssh.SSHServerConnection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def hang_up(self) -> None:
        """Cut all connections, as a network that is gone does."""
        for connection in [*self._connections]:
            connection.abort()
        self._connections.clear()


class CommandLine(ABC):
    """One login's command line. ``closed`` when the user has left."""

    closed = False
    ends: ClassVar[str] = "\r\n"

    @property
    @abstractmethod
    def prompt(self) -> str:
        """What it shows when it waits."""

    @abstractmethod
    def feed(self, line: str) -> str:
        """Take a line and return what is shown before the next prompt."""
