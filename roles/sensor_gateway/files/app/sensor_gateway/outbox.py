"""The outbox: what was accepted is on the disk, with its number, until the server says that it has it.

One counter a gateway. A new outbox begins at the Unix time in milliseconds, so that a gateway whose disk was replaced
never gives a number twice. A restored backup is merged into the outbox that is there, for the same reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sensor_gateway.readings import Reading

_SCHEMA = """
create table if not exists reading (
    sequence integer primary key autoincrement,
    sensor text not null, quantity text not null, time integer not null,
    raw real not null, value real not null, unit text not null
);
create table if not exists delivery (mid integer primary key, digest blob not null);
create table if not exists measured (
    sensor text not null, time integer not null, primary key (sensor, time)
) without rowid;
"""
_REMEMBERED = 7 * 86_400_000  # ms: how long a measurement's own time is remembered
_BUSY_SECONDS = 10


class FullError(Exception):
    """The outbox has reached its limit: what is in it is kept, what is new is refused."""


@dataclass(frozen=True)
class Delivery:
    """A message as the broker gave it: its number in the session, whether it may be given again, and what it was."""

    mid: int
    again: bool
    topic: str
    payload: bytes

    @property
    def digest(self) -> bytes:
        """Return what tells the message from others of the same number."""
        return hashlib.sha256(self.topic.encode() + b"\0" + self.payload).digest()


class Outbox:
    """Readings on the disk; each method is one transaction, fsynced before it returns. Safe for threads."""

    def __init__(self, path: Path, *, limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._count, self._version = 0, -1
        uri = path.absolute().as_uri()
        self._db = sqlite3.connect(uri, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.executescript(_SCHEMA)
        if self._db.execute("select 1 from sqlite_sequence where name = 'reading'").fetchone() is None:
            self._db.execute("insert into sqlite_sequence (name, seq) values ('reading', ?)", (_now(),))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def accept(
        self,
        readings: Iterable[Reading],
        *,
        delivery: Delivery | None = None,
        measured: Mapping[str, int] | None = None,
    ) -> list[int]:
        """Take readings and return their numbers; nothing for what was taken before.

        ``measured`` is the time that a sensor itself gave (ms): a message that comes twice with it counts once.
        Raises FullError, and takes nothing then.
        """
        with self._lock:
            self._db.execute("begin immediate")
            try:
                numbers = [] if self._known(delivery) else self._insert(list(readings), measured or {})
                if delivery is not None:
                    self._db.execute("replace into delivery values (?, ?)", (delivery.mid, delivery.digest))
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")
            self._count += len(numbers)
            return numbers

    def batch(self, after: int, rows: int) -> list[tuple[int, Reading]]:
        """Return the oldest readings with a number above ``after``."""
        query = "select * from reading where sequence > ? order by sequence limit ?"
        with self._lock:
            return [(row[0], Reading(*row[1:])) for row in self._db.execute(query, (after, rows))]

    def settle(self, through: int, holes: Iterable[int] = ()) -> int:
        """Delete what the server has: all numbers up to ``through`` but the holes. Return how many went."""
        kept = set(holes)
        with self._lock:
            if not kept:
                deleted = self._db.execute("delete from reading where sequence <= ?", (through,)).rowcount
                self._count -= deleted
                return deleted
            rows = self._db.execute("select sequence from reading where sequence <= ?", (through,)).fetchall()
            self._db.execute("begin immediate")
            gone = [row for row in rows if row[0] not in kept]
            self._db.executemany("delete from reading where sequence = ?", gone)
            self._db.execute("commit")
            self._count -= len(gone)
            return len(gone)

    def size(self) -> tuple[int, int, int]:
        """Return how many readings wait, the lowest number held (the next one when none is), the bytes used."""
        with self._lock:
            (oldest,) = self._db.execute("select min(sequence) from reading").fetchone()
            (version,) = self._db.execute("pragma data_version").fetchone()
            if version != self._version:  # another process changed it: counting months of readings takes its time
                (self._count,) = self._db.execute("select count(*) from reading").fetchone()
                self._version = version
            return self._count, oldest if oldest is not None else self._last() + 1, self._used()

    def copy(self, path: Path) -> None:
        """Copy the whole outbox as it is at one moment."""
        with self._lock, contextlib.closing(sqlite3.connect(path)) as other:
            self._db.backup(other)

    def merge(self, path: Path) -> int:
        """Take back a copy's readings that are not here, with their numbers; the server knows those it has."""
        with self._lock:
            self._db.execute("attach database ? as old", (f"{path.absolute().as_uri()}?immutable=1",))
            try:
                merged = self._db.execute("insert or ignore into reading select * from old.reading").rowcount
                self._count += merged
                return merged
            finally:
                self._db.execute("detach database old")

    def _insert(self, readings: list[Reading], measured: Mapping[str, int]) -> list[int]:
        if readings and self._used() >= self._limit:
            raise FullError
        repeated = {sensor for sensor, at in measured.items() if not self._first(sensor, at)}
        numbers = []
        for each in readings:
            if each.sensor in repeated:
                continue
            row = (each.sensor, each.quantity, each.time, each.raw, each.value, each.unit)
            cursor = self._db.execute(
                "insert into reading (sensor, quantity, time, raw, value, unit) values (?, ?, ?, ?, ?, ?)", row
            )
            numbers.append(int(cursor.lastrowid or 0))
        return numbers

    def _first(self, sensor: str, measured: int) -> bool:
        if self._db.execute("insert or ignore into measured values (?, ?)", (sensor, measured)).rowcount == 0:
            return False
        self._db.execute("delete from measured where sensor = ? and time < ?", (sensor, measured - _REMEMBERED))
        return True

    def _known(self, delivery: Delivery | None) -> bool:
        if delivery is None or not delivery.again:
            return False
        row = self._db.execute("select digest from delivery where mid = ?", (delivery.mid,)).fetchone()
        return row is not None and row[0] == delivery.digest

    def _last(self) -> int:
        return int(self._db.execute("select seq from sqlite_sequence where name = 'reading'").fetchone()[0])

    def _used(self) -> int:
        pages, free, page = (
            self._db.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)


def _now() -> int:
    return time.time_ns() // 1_000_000
