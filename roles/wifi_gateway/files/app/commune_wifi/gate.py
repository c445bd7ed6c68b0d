"""Who is let out and until when: what devices may ask, and what has to be done as time goes by."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from commune_wifi.leases import LeaseFile
from commune_wifi.settings import KeeperSettings, next_day
from commune_wifi.store import Lease, Session, Store
from commune_wifi.table import Device, Entry, TableError, add_script, remove_script

LOG = logging.getLogger("commune-wifi")
WRITE_USAGE_EVERY = 60.0  # seconds: each write is one to a memory card
GUESSES, GUESSING_SECONDS = 5, 600.0  # wrong codes of a device
ALL_GUESSES = 60  # of all devices together, in the same time


class Sets(Protocol):
    """The kernel's sets, as ``table.Table`` has them."""

    def read(self) -> dict[Device, Entry]:
        """Return the devices that are let out now."""

    def write(self, script: str) -> None:
        """Run nft commands in one transaction."""


class Gate:
    """The state of the citizens' Wi-Fi. What it answers is on the disk before; the kernel follows at each ``tick``."""

    def __init__(
        self,
        settings: KeeperSettings,
        store: Store,
        sets: Sets,
        neighbour: Callable[[str, str], str | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.store, self.sets = settings, store, sets
        self.neighbour, self.clock = neighbour, clock
        self.network = ipaddress.IPv4Network(settings.prefix)
        self.leases = LeaseFile(settings.leases, *store.place())
        self.counted: dict[Device, tuple[int, int]] = {}
        self.unwritten: dict[str, int] = {}
        self.written = clock()
        self.guesses: deque[tuple[float, str]] = deque()
        self.fault = ""

    # --- what devices ask ---

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer one question of the portal; anything outside the grammar is refused."""
        address = question.get("address")
        if not isinstance(address, str) or set(question) - {"ask", "address", "terms", "code"}:
            return {"state": "refused"}
        try:
            inside = ipaddress.IPv4Address(address) in self.network
        except ValueError:
            inside = False
        mac = self._whose(address) if inside else None
        if mac is None:
            return {"state": "unknown"}
        if question.get("ask") == "status":
            return self._status(mac)
        if question.get("ask") == "accept":
            return self._accept(mac, address, question.get("terms"), str(question.get("code") or ""))
        return {"state": "refused"}

    def _whose(self, address: str) -> str | None:
        """Return the device that has an address by DHCP and is really behind it."""
        self.read_leases()
        lease = self.leases.of(address, self.clock())
        if lease is None or self.neighbour(self.settings.interface, address) != lease.mac:
            return None
        return lease.mac

    def _status(self, mac: str) -> dict[str, Any]:
        now = self.clock()
        spent, left = self._volume(mac, now)
        session = next((each for each in self.store.sessions() if each.mac == mac), None)
        seconds = self._seconds_left(session, now) if session else 0
        state = "spent" if spent else "in" if seconds > 0 else "new"
        return {"state": state, "seconds": seconds if not spent else int(next_day(now) - now), "bytes": left}

    def _volume(self, mac: str, now: float) -> tuple[bool, int | None]:
        """Return whether a device has used up its day, and what is left of it; None where there is no limit."""
        if not self.settings.daily_bytes:
            return False, None
        left = max(0, self.settings.daily_bytes - self.store.used(mac, now) - self.unwritten.get(mac, 0))
        return left == 0, left

    def _accept(self, mac: str, address: str, terms: object, code: str) -> dict[str, Any]:
        now, voucher = self.clock(), None
        if terms != self.settings.terms_version:
            return {"state": "new", "fault": "terms"}
        if self._volume(mac, now)[0]:
            return self._status(mac)
        if self.settings.vouchers:
            if self._guesses_too_often(mac, now):
                return {"state": "new", "fault": "wait"}
            voucher = self.store.voucher(code, mac, now)
            if voucher is None:
                self.guesses.append((now, mac))
                return {"state": "new", "fault": "code"}
        seconds = self.settings.session_seconds
        self.store.begin_session(mac, address, now, seconds, self.settings.terms_version, voucher)
        self._let_out(Device(mac, address), seconds)
        return self._status(mac)

    def _guesses_too_often(self, mac: str, now: float) -> bool:
        while self.guesses and self.guesses[0][0] < now - GUESSING_SECONDS:
            self.guesses.popleft()
        own = sum(1 for _, other in self.guesses if other == mac)
        return own >= GUESSES or len(self.guesses) >= ALL_GUESSES

    def _let_out(self, device: Device, seconds: int) -> None:
        """Let a device out at once; when the kernel does not take it, the next tick does it."""
        try:
            self._count(self.sets.read())
            self.sets.write(remove_script([device]) + add_script({device: seconds}))
        except TableError as error:
            self._tell(str(error))
        self.counted.pop(device, None)

    def _seconds_left(self, session: Session, now: float) -> int:
        """Return how long a session lasts still: never longer than a whole one, should the clock have gone wrong."""
        return min(session.expires - int(now), self.settings.session_seconds)

    # --- as time goes by ---

    def tick(self) -> None:
        """Bring log, sessions and the kernel's sets up to date with each other."""
        self.read_leases()
        try:
            there = self.sets.read()
            self._count(there)
            self._end_sessions()
            self._reconcile(there)
            self._tell("")
        except TableError as error:
            self._tell(str(error))
        if self.clock() - self.written >= WRITE_USAGE_EVERY:
            self.write_usage()

    def _tell(self, fault: str) -> None:
        if fault and fault != self.fault:
            LOG.error("%s", fault)
        self.fault = fault

    def read_leases(self) -> None:
        """Put what the DHCP server wrote into the log."""
        try:
            news = [lease for lease in self.leases.news() if self._is_here(lease)]
        except OSError as error:
            self._tell(str(error))
            return
        if news or (self.leases.inode, self.leases.offset) != self.store.place():
            self.store.record_leases(news, self.clock(), self.leases.inode, self.leases.offset)

    def _is_here(self, lease: Lease) -> bool:
        return ipaddress.IPv4Address(lease.address) in self.network

    def _count(self, there: dict[Device, Entry]) -> None:
        """Add what devices moved since the last look; a counter that went back began anew."""
        for device, entry in there.items():
            before = self.counted.get(device, (0, 0))
            up = entry.up - before[0] if entry.up >= before[0] else entry.up
            down = entry.down - before[1] if entry.down >= before[1] else entry.down
            if up + down:
                self.unwritten[device.mac] = self.unwritten.get(device.mac, 0) + up + down
        self.counted = {device: (entry.up, entry.down) for device, entry in there.items()}

    def write_usage(self) -> None:
        """Put what was counted on the disk."""
        if self.unwritten:
            self.store.add_usage(self.unwritten, self.clock())
            self.unwritten = {}
        self.written = self.clock()

    def _end_sessions(self) -> None:
        now = self.clock()
        for session in self.store.sessions():
            reason = self._reason_to_end(session, now)
            if reason:
                self.store.end_session(session.id, now, reason)

    def _reason_to_end(self, session: Session, now: float) -> str:
        if session.expires <= now:
            return "time"
        if session.terms != self.settings.terms_version:
            return "terms changed"
        return "volume" if self._volume(session.mac, now)[0] else ""

    def _reconcile(self, there: dict[Device, Entry]) -> None:
        """Make the kernel's sets what the sessions say, with the time that each has left."""
        now, wanted = self.clock(), {}
        addresses = {lease.mac: lease.address for lease in self.leases.current.values() if self._holds(lease, now)}
        for session in self.store.sessions():
            address = addresses.get(session.mac, session.address)
            if address != session.address:
                self.store.move_session(session.id, address)
            wanted[Device(session.mac, address)] = self._seconds_left(session, now)
        surplus = [device for device in there if device not in wanted]
        missing = {device: seconds for device, seconds in wanted.items() if not there.get(device, _ABSENT).whole}
        half = [device for device in missing if device in there]
        if surplus or missing:
            self.sets.write(remove_script(surplus + half, kept=wanted.keys() - missing.keys()) + add_script(missing))
            for device in (*surplus, *missing):
                self.counted.pop(device, None)

    def _holds(self, lease: Lease, now: float) -> bool:
        return lease.until > now and self._is_here(lease)

    def stop(self) -> None:
        """Keep what is counted; devices stay out, with the time that they have left."""
        try:
            self._count(self.sets.read())
        except TableError as error:
            self._tell(str(error))
        self.write_usage()


_ABSENT = Entry(0, 0, 0, whole=False)


def ports_to_isolate(interface: str, sys: Path = Path("/sys/class/net")) -> list[str]:
    """Return the ports of the zone's bridge that may still talk to each other; none where the zone is no bridge."""
    ports = sorted((sys / interface / "brif").glob("*"))
    return [port.name for port in ports if (port / "isolated").read_text(encoding="ascii").strip() != "1"]
