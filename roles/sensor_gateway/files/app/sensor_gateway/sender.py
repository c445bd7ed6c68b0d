"""Hand the outbox on: batches, oldest first, a few at a time, again until the server has acknowledged them."""

from __future__ import annotations

import datetime
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from sensor_gateway.readings import Reading

ROWS = 200
BYTES = 64 * 1024
IN_FLIGHT = 4
TIMEOUT = 60.0
LINGER = 0.2  # seconds in which readings gather to one batch


class Store(Protocol):
    """What the sender needs of the outbox."""

    def batch(self, after: int, rows: int) -> list[tuple[int, Reading]]:
        """Return the oldest readings above a number."""

    def settle(self, through: int, holes: Any = ()) -> int:
        """Delete what is acknowledged."""

    def size(self) -> tuple[int, int, int]:
        """Return how many wait, the lowest number, and the bytes used."""


class Sender:
    """Keeps at most IN_FLIGHT batches on their way while the link is up. ``publish`` hands one to the local broker."""

    def __init__(
        self, store: Store, publish: Callable[[bytes], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._publish = publish
        self._clock = clock
        self._changed = threading.Condition()
        self._linked = False
        self._sent = 0  # the highest number that was handed on since the link came up
        self._ever = 0  # the highest number that this process handed on: nothing above it can have arrived
        self._flying: deque[tuple[int, float]] = deque()

    def wake(self) -> None:
        """Say that the outbox has something new."""
        with self._changed:
            self._changed.notify()

    def link(self, *, up: bool) -> None:
        """Say that the bridge is connected or not; what was on its way is sent again when it comes up."""
        with self._changed:
            if up and not self._linked:
                self._again()
            self._linked = up
            self._changed.notify()

    def acknowledge(self, payload: bytes) -> int:
        """Delete what the server says it has, and return how many readings went; unreadable words change nothing."""
        try:
            words = json.loads(payload)
            through, holes = int(words["through"]), [int(each) for each in words.get("holes", [])]
        except (ValueError, TypeError, KeyError, AttributeError):
            return 0
        with self._changed:
            gone = self._store.settle(min(through, self._ever), holes)
            while self._flying and self._flying[0][0] <= through:
                self._flying.popleft()
            if holes and min(holes) <= self._sent:
                self._again()
            self._changed.notify()
            return gone

    def step(self) -> bool:
        """Hand on one batch if there is one and room for it; return whether it did."""
        with self._changed:
            if not self._linked:
                return False
            if self._flying and self._clock() - self._flying[0][1] > TIMEOUT:
                self._again()
            if len(self._flying) >= IN_FLIGHT:
                return False
            rows = self._store.batch(self._sent, ROWS)
            if not rows and not self._flying and self._store.size()[0]:
                self._again()  # a restored backup brought older ones
                rows = self._store.batch(self._sent, ROWS)
            if not rows:
                return False
            payload, last = encode(rows, self._store.size()[1])
            self._sent = last
            self._ever = max(self._ever, last)
            self._flying.append((last, self._clock()))
        self._publish(payload)
        return True

    def run(self, stopped: threading.Event) -> None:
        """Hand on batches until ``stopped``."""
        while not stopped.is_set():
            if self.step():
                continue
            with self._changed:
                self._changed.wait(timeout=1.0)
            stopped.wait(LINGER)

    def _again(self) -> None:
        self._flying.clear()
        self._sent = 0


def encode(rows: list[tuple[int, Reading]], oldest: int) -> tuple[bytes, int]:
    """Return a batch of the first rows, as many as fit, and the number of the last one."""
    while True:
        readings = [
            {
                "sequence": number,
                "sensor": each.sensor,
                "quantity": each.quantity,
                "time": stamp(each.time),
                "raw": each.raw,
                "value": each.value,
                "unit": each.unit,
            }
            for number, each in rows
        ]
        payload = json.dumps(
            {"oldest": oldest, "readings": readings}, ensure_ascii=False, separators=(",", ":")
        ).encode()
        if len(payload) <= BYTES or len(rows) == 1:
            return payload, rows[-1][0]
        rows = rows[: len(rows) // 2]


def stamp(milliseconds: int) -> str:
    """Return a time in ms as RFC 3339 in UTC."""
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, tz=datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
