"""A device in memory, its sessions and its dialect, for tests of what drives devices."""

from __future__ import annotations

import re

from smartcommune.devices.errors import NoWayBackError
from smartcommune.devices.models import Armed, Comparison, Fetched, marks
from smartcommune.devices.platforms.base import Platform
from smartcommune.errors import NotReachedError
from smartcommune.text import Text
from smartcommune.transports.netmiko import lost
from smartcommune.transports.ssh_probe import HostKeyChangedError, LoginRefusedError
from tests.device_samples import FIRST_PASSWORD


class MemoryDevice:
    """A device: a set of lines, a password, a timer that the test lets run out."""

    def __init__(self):
        self.running, self.saved, self.before = {"name factory"}, {"name factory"}, None
        self.password, self.host_key = FIRST_PASSWORD, "ssh-ed25519 QUFBQQ=="
        self.log: list[str] = []
        self.refuses = self.ignores = self.cuts = None
        self.reachable = self.can_arm = True
        self.logins: list[str | None] = []

    def connect(self, login):
        """Let the toolkit in, or not."""
        self.logins.append(login.password)
        if not self.reachable:
            raise NotReachedError(Text(vi="im", en="silent"))
        if login.pin not in (None, self.host_key):
            raise HostKeyChangedError(Text(vi="khác", en="another key"))
        if login.password != self.password:
            raise LoginRefusedError(Text(vi="sai", en="refused"))
        return MemorySession(self)

    def expire(self):
        """Let the timer run out."""
        if self.before is not None:
            (self.running, self.password), self.before = self.before, None
        self.reachable = True


class MemorySession:
    """A session with it."""

    def __init__(self, device):
        self.device, self.host_key = device, device.host_key

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Nothing to close."""

    def run(self, command, *, expect=None, seconds=30.0):
        """Take one line of configuration."""
        device = self.device
        device.log.append(f"run {command}")
        if command == device.refuses:
            return "% Invalid input"
        if command == device.cuts:
            device.reachable = False
            raise lost("dev-1", "cut")
        if command.startswith("password "):
            device.password = command.split()[1]
        elif command != device.ignores:
            device.running = {line for line in device.running if line.split()[0] != command.split()[0]} | {command}
        return "#"


class MemoryPlatform(Platform):
    """Its dialect: one line, one thing."""

    name, title, device_type, prompt = "huawei_vrp", Text(vi="bộ nhớ", en="memory"), "none", "#"
    refusals = re.compile(r"%.*")
    undo_seconds = 0

    def __init__(self, seconds=2, *, takeover=True):
        self.seconds, self.takeover = seconds, takeover

    def fetch(self, session):
        """Return all lines."""
        device = session.device
        return Fetched("\n".join(sorted(device.running)), "\n".join(sorted(device.saved)))

    def compare(self, device, running, wanted):
        """Return the wanted lines that are not there, secrets left out."""
        have = set(running.splitlines())
        lines = tuple(line for line in wanted.splitlines() if not marks(line) and line not in have)
        return Comparison(lines, "\n".join(f"+ {line}" for line in lines))

    def secret_lines(self, wanted, due):
        """Return the lines with these secrets."""
        return tuple(line for line in wanted.splitlines() if marks(line) & set(due))

    def arm(self, session):
        """Keep what runs."""
        device = session.device
        if not device.can_arm:
            raise NoWayBackError(Text(vi="không", en="cannot"))
        device.log.append("arm")
        device.before = (set(device.running), device.password)
        return Armed("timer", self.seconds, takeover=self.takeover)

    def commit(self, session, armed):
        """All is in effect."""

    def confirm(self, first, second, armed):
        """Stop the timer."""
        second.device.log.append("confirm")
        second.device.before = None

    def undo(self, session, armed):
        """Go back."""
        session.device.log.append("undo")
        session.device.expire()
        return True

    def save(self, session):
        """Keep it."""
        session.device.log.append("save")
        session.device.saved = set(session.device.running)

    def password_lines(self, device, secret):
        """Return one line."""
        return (f"password {secret}",)
