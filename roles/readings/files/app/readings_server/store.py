"""The database of the readings: one transaction takes a batch with its flags, alerts and acknowledgement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from readings_server.batches import Batch, Row, advance
from readings_server.quality import Past, Rule, alert_changes, is_silent, judge

if TYPE_CHECKING:
    from datetime import datetime

FOLDER = Path(__file__).parent
TABLES = ("reading", "gateway", "latest", "alert")
_INSERT = """
INSERT INTO reading (gateway, sequence, sensor, quantity, time, received, raw, value, unit, flags)
SELECT %s, sequence, sensor, quantity, time, %s, raw, value, unit, string_to_array(flags, ' ')
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::float8[], %s::float8[], %s::text[], %s::text[])
AS new (sequence, sensor, quantity, time, raw, value, unit, flags)
ON CONFLICT DO NOTHING
"""
_LATEST = """
INSERT INTO latest (sensor, quantity, time, received, value, unit, flags, last_value, believed, candidate, same_since)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (sensor, quantity) DO UPDATE SET time = excluded.time, received = excluded.received, value = excluded.value,
unit = excluded.unit, flags = excluded.flags, last_value = excluded.last_value, believed = excluded.believed,
candidate = excluded.candidate, same_since = excluded.same_since
"""


def connect(database: dict[str, Any], password: str = "", *, read_only: bool = False) -> psycopg.Connection[Any]:
    """Return a connection; on another machine by TLS, to the server of that name."""
    words = {"dbname": database["name"], "host": database["host"], "user": database["user"], "connect_timeout": 10}
    if not database["local"]:
        words |= {"password": password, "sslmode": "verify-full", "sslrootcert": database["root"]}
    if read_only:
        words["options"] = "-c default_transaction_read_only=on -c statement_timeout=10000"
    return psycopg.connect(**words, autocommit=True)


def apply_schema(connection: psycopg.Connection[Any], *, hypertable: bool = True) -> None:
    """Make what is missing, whole or not at all."""
    with connection.transaction():
        connection.execute((FOLDER / "schema.sql").read_text(encoding="utf-8"))
        if hypertable:
            connection.execute((FOLDER / "hypertable.sql").read_text(encoding="utf-8"))


def schema_is_there(connection: psycopg.Connection[Any]) -> bool:
    """Return whether there is nothing to make: the tables and indices stand, and the readings are cut by time."""
    names = [*TABLES, "reading_series", "alert_standing", "alert_began"]
    standing = "SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(%s::text[]) AS name"
    if not connection.execute(standing, (names,)).fetchone()[0]:
        return False
    cut = "SELECT EXISTS (SELECT FROM timescaledb_information.hypertables WHERE hypertable_name = 'reading')"
    return bool(connection.execute(cut).fetchone()[0])


class Store:
    """Takes batches; ``sensors`` are the declared ones. What it remembers is what the database has."""

    def __init__(self, connection: psycopg.Connection[Any], sensors: dict[str, Any], *, started: datetime) -> None:
        self.connection, self.sensors, self.started = connection, sensors, started
        self.rules = {
            (name, quantity): Rule.from_settings(rule)
            for name, sensor in sensors.items()
            for quantity, rule in sensor["quantities"].items()
        }
        self.remember()

    def remember(self) -> None:
        """Read what was remembered: at the start, and after a transaction that failed."""
        rows = self.connection.execute(
            "SELECT sensor, quantity, time, last_value, believed, candidate, same_since, received FROM latest"
        ).fetchall()
        self.past = {(row[0], row[1]): Past(*row[2:7]) for row in rows}
        self.heard: dict[str, datetime] = {}
        for row in rows:
            self.heard[row[0]] = max(row[7], self.heard.get(row[0], row[7]))
        standing = self.connection.execute("SELECT sensor, quantity, kind FROM alert WHERE ended IS NULL").fetchall()
        self.standing = {tuple(row) for row in standing}

    def take(self, gateway: str, batch: Batch, received: datetime) -> int:
        """Keep a batch, each number once, and return through which number the gateway's readings are held."""
        try:
            with self.connection.transaction():
                return self._take(gateway, batch, received)
        except psycopg.Error:
            if not self.connection.closed:
                self.remember()
            raise

    def _take(self, gateway: str, batch: Batch, received: datetime) -> int:
        ask = self.connection.execute
        ask(
            "INSERT INTO gateway (gateway, through, highest) VALUES (%s, %s, 0) ON CONFLICT DO NOTHING",
            (gateway, batch.oldest - 1),
        )
        through, highest = ask(
            "SELECT through, highest FROM gateway WHERE gateway = %s FOR UPDATE", (gateway,)
        ).fetchone()
        new = self._new(gateway, batch, highest)
        flags = [self._judge(gateway, row, received) for row in new]
        if new:
            columns = [[getattr(row, name) for row in new] for name in Row.__slots__]
            ask(_INSERT, (gateway, received, *columns, flags))
            self._write_latest(gateway, new, flags, received)
        sequences = [row.sequence for row in batch.rows]
        highest = max([highest, *sequences])
        through = advance(max(through, batch.oldest - 1), sequences)
        if through < highest:
            held = "SELECT sequence FROM reading WHERE gateway = %s AND sequence > %s"
            through = advance(through, (row[0] for row in ask(held, (gateway, through))))
        ask(
            "UPDATE gateway SET through = %s, highest = %s, seen = %s WHERE gateway = %s",
            (through, highest, received, gateway),
        )
        return int(through)

    def _new(self, gateway: str, batch: Batch, highest: int) -> list[Row]:
        """Return the rows that are not held yet, in the order of their numbers; above ``highest`` none is held."""
        rows = {row.sequence: row for row in sorted(batch.rows, key=lambda each: each.sequence)}
        doubtful = [sequence for sequence in rows if sequence <= highest]
        if doubtful:
            held = "SELECT sequence FROM reading WHERE gateway = %s AND sequence = ANY(%s)"
            for (sequence,) in self.connection.execute(held, (gateway, doubtful)):
                del rows[sequence]
        return list(rows.values())

    def _rule(self, gateway: str, row: Row) -> Rule | None:
        """Return how a reading is judged: not at all where it is not that gateway's sensor."""
        sensor = self.sensors.get(row.sensor)
        if sensor is None or sensor["gateway"] not in (None, gateway):
            return None
        return self.rules.get((row.sensor, row.quantity))

    def _judge(self, gateway: str, row: Row, received: datetime) -> str:
        rule = self._rule(gateway, row)
        if rule is None:
            return ""
        key = (row.sensor, row.quantity)
        before = self.past.get(key)
        flags, after = judge(rule, before, row.value, row.time, received)
        self.heard[row.sensor] = received
        self._end(row.sensor, "", "silent", received)
        if after is not None and after is not before:
            self.past[key] = after
            standing = frozenset(kind for sensor, quantity, kind in self.standing if (sensor, quantity) == key)
            begins, ends = alert_changes(rule, standing, row.value, flags)
            for kind in begins:
                bound = {"low": rule.minimum, "high": rule.maximum}.get(kind)
                self._begin(row.sensor, row.quantity, kind, row.time, row.value, bound, rule.unit)
            for kind in ends:
                self._end(row.sensor, row.quantity, kind, row.time)
        return " ".join(flags)

    def _write_latest(self, gateway: str, rows: list[Row], flags: list[str], received: datetime) -> None:
        last = {}
        for row, flag in zip(rows, flags, strict=True):
            past = self.past.get((row.sensor, row.quantity))
            if self._rule(gateway, row) is not None and past is not None and past.time == row.time:
                last[row.sensor, row.quantity] = (row, flag, past)
        with self.connection.cursor() as cursor:
            cursor.executemany(
                _LATEST,
                [
                    (
                        *key, row.time, received, row.value, row.unit, flag.split(),
                        past.value, past.believed, past.candidate, past.same_since,
                    )
                    for key, (row, flag, past) in last.items()
                ],
            )  # fmt: skip

    def _begin(
        self, sensor: str, quantity: str, kind: str, at: datetime,
        value: float | None = None, bound: float | None = None, unit: str = "",
    ) -> None:  # fmt: skip
        self.connection.execute(
            "INSERT INTO alert (sensor, quantity, kind, began, value, bound, unit) VALUES (%s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (sensor, quantity, kind, at, value, bound, unit),
        )
        self.standing.add((sensor, quantity, kind))

    def _end(self, sensor: str, quantity: str, kind: str, at: datetime) -> None:
        if (sensor, quantity, kind) not in self.standing:
            return
        self.connection.execute(
            "UPDATE alert SET ended = greatest(began, %s) "
            "WHERE sensor = %s AND quantity = %s AND kind = %s AND ended IS NULL",
            (at, sensor, quantity, kind),
        )
        self.standing.discard((sensor, quantity, kind))

    def watch(self, now: datetime) -> None:
        """Begin the alert of each sensor that fell silent, and end those of sensors that are declared no more."""
        try:
            with self.connection.transaction():
                for name, sensor in self.sensors.items():
                    last = self.heard.get(name)
                    silent = is_silent(sensor["period"], last, self.started, now)
                    if silent and not sensor["test"] and (name, "", "silent") not in self.standing:
                        self._begin(name, "", "silent", last or self.started)
                for name, quantity, kind in sorted(self.standing):
                    declared = name in self.sensors if kind == "silent" else (name, quantity) in self.rules
                    if not declared:
                        self._end(name, quantity, kind, now)
        except psycopg.Error:
            if not self.connection.closed:
                self.remember()
            raise

    def note(self, gateway: str, now: datetime, *, status: Any = None, link: bool | None = None) -> None:
        """Keep what a gateway, or its bridge, said of itself."""
        self.connection.execute(
            "UPDATE gateway SET status = coalesce(%s, status), link = coalesce(%s, link), seen = %s WHERE gateway = %s",
            (None if status is None else Jsonb(status), link, now, gateway),
        )

    def untold(self) -> list[dict[str, Any]]:
        """Return what nobody was told yet: alerts that began or ended, oldest first."""
        cursor = self.connection.execute(
            "SELECT id, sensor, quantity, kind, began, value, bound, unit, ended, began_told FROM alert "
            "WHERE began_told IS NULL OR (ended IS NOT NULL AND ended_told IS NULL) ORDER BY id LIMIT 50"
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def told(self, alert: int, what: str, now: datetime) -> None:
        """Note that people were told of the ``began`` or the ``ended`` of an alert."""
        column = {"began": "began_told", "ended": "ended_told"}[what]
        self.connection.execute(f"UPDATE alert SET {column} = %s WHERE id = %s", (now, alert))  # noqa: S608 - of two

    def forget(self, gateway: str, sensor: str) -> int:
        """Remove the readings of a test sensor, and all that is remembered of it; return how many there were."""
        with self.connection.transaction():
            gone = self.connection.execute(
                "DELETE FROM reading WHERE gateway = %s AND sensor = %s", (gateway, sensor)
            ).rowcount
            self.connection.execute("DELETE FROM latest WHERE sensor = %s", (sensor,))
            self.connection.execute("DELETE FROM alert WHERE sensor = %s", (sensor,))
            self.connection.execute("DELETE FROM gateway WHERE gateway = %s", (gateway,))
        self.remember()
        return gone
