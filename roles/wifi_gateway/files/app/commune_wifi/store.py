"""The log and the sessions, in SQLite: what was answered to a user was on the disk.

No write-ahead log: root reads and writes the same file by the command line, and leaves no files of its own behind.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from commune_wifi.settings import DAY, day_of

VERSION = 1
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # none that look alike on paper
CODE_LENGTH = 10  # 49 bits
_SCHEMA = """
CREATE TABLE assignments (
    id INTEGER PRIMARY KEY, address TEXT NOT NULL, mac TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL
);
CREATE INDEX assignments_address ON assignments (address, until);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, mac TEXT NOT NULL, address TEXT NOT NULL, accepted INTEGER NOT NULL,
    expires INTEGER NOT NULL, terms TEXT NOT NULL, voucher INTEGER, ended INTEGER, reason TEXT
);
CREATE INDEX sessions_mac ON sessions (mac, ended);
CREATE TABLE usage (mac TEXT NOT NULL, day INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (mac, day));
CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, made INTEGER NOT NULL, expires INTEGER NOT NULL,
    devices INTEGER NOT NULL
);
CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), inode INTEGER NOT NULL, offset INTEGER NOT NULL);
"""


class StoreError(Exception):
    """A file that is not what it should be."""


@dataclass(frozen=True)
class Session:
    """A device that accepted; times in seconds since the epoch."""

    id: int
    mac: str
    address: str
    accepted: int
    expires: int
    terms: str


@dataclass(frozen=True)
class Lease:
    """What the DHCP server wrote down: an address, whose it is, from when, until when (0: given back)."""

    address: str
    mac: str
    since: int
    until: int


def digest(code: str) -> str:
    """Return what is kept of a voucher's code."""
    plain = "".join(letter for letter in code.lower() if letter in ALPHABET)
    return hashlib.sha256(b"commune-wifi voucher\0" + plain.encode()).hexdigest()


class Store:
    """The database; one writer at a time, each change on the disk before the call returns."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        self.db.execute("PRAGMA synchronous = EXTRA")
        self.db.execute("PRAGMA secure_delete = ON")
        with self.change():
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise StoreError(f"{self.path} has version {version}, this program knows {VERSION}")

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # --- sessions ---

    def begin_session(
        self, mac: str, address: str, now: float, seconds: int, terms: str, voucher: int | None = None
    ) -> Session:
        """Record an acceptance; an older session of the device ends with it."""
        with self.change():
            self._end("mac", mac, now, "accepted anew")
            values = (mac, address, int(now), int(now) + seconds, terms, voucher)
            done = self.db.execute(
                "INSERT INTO sessions (mac, address, accepted, expires, terms, voucher) VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
        return Session(int(done.lastrowid or 0), *values[:5])

    def sessions(self) -> list[Session]:
        """Return the sessions that have not ended."""
        rows = self.db.execute(
            "SELECT id, mac, address, accepted, expires, terms FROM sessions WHERE ended IS NULL ORDER BY id"
        )
        return [Session(*row) for row in rows]

    def end_session(self, session: int, now: float, reason: str) -> None:
        """Record that a session is over."""
        with self.change():
            self._end("id", session, now, reason)

    def end_device(self, mac: str, now: float, reason: str) -> int:
        """Record that a device's session is over; return how many there were."""
        with self.change():
            return self._end("mac", mac, now, reason)

    def _end(self, column: Literal["id", "mac"], value: object, now: float, reason: str) -> int:
        statements = {
            "id": "UPDATE sessions SET ended = MIN(?, expires), reason = ? WHERE ended IS NULL AND id = ?",
            "mac": "UPDATE sessions SET ended = MIN(?, expires), reason = ? WHERE ended IS NULL AND mac = ?",
        }
        return self.db.execute(statements[column], (int(now), reason, value)).rowcount

    def move_session(self, session: int, address: str) -> None:
        """Record that a device's address is another one now."""
        with self.change():
            self.db.execute("UPDATE sessions SET address = ? WHERE id = ?", (address, session))

    # --- volume ---

    def used(self, mac: str, now: float) -> int:
        """Return the bytes that a device moved today."""
        row = self.db.execute("SELECT bytes FROM usage WHERE mac = ? AND day = ?", (mac, day_of(now))).fetchone()
        return row[0] if row else 0

    def add_usage(self, moved: dict[str, int], now: float) -> None:
        """Add what devices moved to their day."""
        with self.change():
            self.db.executemany(
                "INSERT INTO usage (mac, day, bytes) VALUES (?, ?, ?)"
                " ON CONFLICT (mac, day) DO UPDATE SET bytes = bytes + excluded.bytes",
                [(mac, day_of(now), amount) for mac, amount in moved.items()],
            )

    # --- assignments ---

    def place(self) -> tuple[int, int]:
        """Return how far the DHCP server's file is read: its inode and the offset."""
        return self.db.execute("SELECT inode, offset FROM place").fetchone() or (0, 0)

    def record_leases(self, leases: Iterable[Lease], now: float, inode: int, offset: int) -> None:
        """Bring the log up to date with what the DHCP server wrote, and remember how far it is read."""
        with self.change():
            for lease in leases:
                self._record(lease, int(now))
            self.db.execute("INSERT OR REPLACE INTO place (one, inode, offset) VALUES (1, ?, ?)", (inode, offset))

    def _record(self, lease: Lease, now: int) -> None:
        own = self.db.execute(
            "SELECT id FROM assignments WHERE address = ? AND mac = ? AND until >= ? ORDER BY until DESC LIMIT 1",
            (lease.address, lease.mac, lease.since),
        ).fetchone()
        if not lease.until:
            if own:
                self.db.execute("UPDATE assignments SET until = MIN(until, ?) WHERE id = ?", (now, own[0]))
            return
        self.db.execute(
            "UPDATE assignments SET until = MAX(since, ?) WHERE address = ? AND mac <> ? AND until > ?",
            (lease.since, lease.address, lease.mac, lease.since),
        )
        if own:
            self.db.execute("UPDATE assignments SET until = MAX(until, ?) WHERE id = ?", (lease.until, own[0]))
        else:
            values = (lease.address, lease.mac, lease.since, lease.until)
            self.db.execute("INSERT INTO assignments (address, mac, since, until) VALUES (?, ?, ?, ?)", values)

    def log(self, address: str | None = None, mac: str | None = None, at: int | None = None) -> list[dict[str, object]]:
        """Return the assignments, each with the acceptances that fell into it; narrowed where asked."""
        rows = self.db.execute(
            "SELECT address, mac, since, until FROM assignments WHERE (?1 IS NULL OR address = ?1)"
            " AND (?2 IS NULL OR mac = ?2) AND (?3 IS NULL OR ?3 BETWEEN since AND until) ORDER BY since, id",
            (address, mac, at),
        ).fetchall()
        names = ("accepted", "ended", "reason", "terms")
        return [
            {
                "address": row[0],
                "mac": row[1],
                "since": row[2],
                "until": row[3],
                "sessions": [dict(zip(names, each, strict=True)) for each in self._accepted(row)],
            }
            for row in rows
        ]

    def _accepted(self, row: tuple[str, str, int, int]) -> list[tuple[object, ...]]:
        return self.db.execute(
            "SELECT accepted, ended, reason, terms FROM sessions"
            " WHERE mac = ? AND accepted BETWEEN ? AND ? ORDER BY id",
            row[1:],
        ).fetchall()

    # --- vouchers ---

    def make_vouchers(self, count: int, now: float, days: int, devices: int) -> list[str]:
        """Make codes and return them; only their digests are kept."""
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(count)]
        with self.change():
            self.db.executemany(
                "INSERT INTO vouchers (code, made, expires, devices) VALUES (?, ?, ?, ?)",
                [(digest(code), int(now), int(now) + days * DAY, devices) for code in codes],
            )
        return codes

    def voucher(self, code: str, mac: str, now: float) -> int | None:
        """Return the voucher that a code opens for a device, None when it opens nothing."""
        row = self.db.execute(
            "SELECT id, devices FROM vouchers WHERE code = ? AND expires > ?", (digest(code), int(now))
        ).fetchone()
        if row is None:
            return None
        users = {mac for (mac,) in self.db.execute("SELECT DISTINCT mac FROM sessions WHERE voucher = ?", row[:1])}
        return int(row[0]) if mac in users or len(users) < row[1] else None

    # --- the end of data ---

    def prune(self, now: float, days: int) -> int:
        """Delete what is older than the log is kept; return how many entries went."""
        before = int(now) - days * DAY
        with self.change():
            gone = [
                self.db.execute("DELETE FROM assignments WHERE until < ?", (before,)),
                self.db.execute("DELETE FROM sessions WHERE COALESCE(ended, expires) < ?", (before,)),
                self.db.execute("DELETE FROM vouchers WHERE expires < ?", (before,)),
                self.db.execute("DELETE FROM usage WHERE day < ?", (day_of(now) - 1,)),
            ]
        return sum(done.rowcount for done in gone[:3])

    def oldest(self) -> int | None:
        """Return when the oldest entry of the log ended."""
        row = self.db.execute(
            "SELECT MIN(moment) FROM (SELECT MIN(until) AS moment FROM assignments"
            " UNION ALL SELECT MIN(COALESCE(ended, expires)) FROM sessions)"
        ).fetchone()
        return row[0] if row else None

    def copy(self, path: str | Path) -> None:
        """Write a copy as of one moment."""
        target = sqlite3.connect(path)
        try:
            self.db.backup(target)
        finally:
            target.close()


def examine(path: str | Path) -> None:
    """Raise StoreError unless a file is a whole database of ours."""
    if not Path(path).is_file():
        raise StoreError(f"{path} is missing")
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        whole = db.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        db.close()
    if version != VERSION or whole != "ok":
        raise StoreError(f"{path}: version {version}, {whole}")
