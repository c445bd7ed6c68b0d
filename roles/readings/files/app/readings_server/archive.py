"""Backup and restore of the tables, whole or not at all, as text that any version of the database reads."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING, Any

from psycopg import sql

from readings_server.store import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

CHUNK = 1 << 20


def save(connection: psycopg.Connection[Any], folder: Path) -> dict[str, int]:
    """Write each table as of one moment to ``folder``; return how many rows each has."""
    counts = {}
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in TABLES:
            # of a hypertable, COPY of its name would be of an empty parent
            question = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(table))
            path = folder / f"{table}.copy.gz"
            path.unlink(missing_ok=True)  # what a restore that was cut left there may not be ours
            with path.open("wb") as raw:
                with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0) as file:
                    with connection.cursor() as cursor, cursor.copy(question) as copy:
                        for data in copy:
                            file.write(data)
                    counts[table] = _count(connection, table)
                raw.flush()
                os.fsync(raw.fileno())
    return counts


def load(connection: psycopg.Connection[Any], folder: Path) -> dict[str, int]:
    """Put the tables back as they were; what came after the backup is gone, and gateways still hold what they hold."""
    counts = {}
    with connection.transaction():
        names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
        for table in TABLES:
            order = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with gzip.open(folder / f"{table}.copy.gz", "rb") as file, connection.cursor() as cursor:
                with cursor.copy(order) as copy:
                    while data := file.read(CHUNK):
                        copy.write(data)
                counts[table] = _count(connection, table)
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('alert', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM alert), false)"
        )
    return counts


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(found[0]) if found else 0
