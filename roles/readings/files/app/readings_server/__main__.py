"""``readings-manage COMMAND``: run | health | schema [--check] | retain | trial | count | backup | restore."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readings_server.configuration import load_password, load_settings
from readings_server.store import TABLES, Store, apply_schema, connect, schema_is_there

if TYPE_CHECKING:
    import psycopg

ARCHIVE = Path("/var/lib/readings/backup")
SOCKET = "/run/readings-web/gunicorn.sock"
OLD = 60  # seconds after which a status says nothing any more


def main(words: list[str]) -> int:
    """Run one command and return the exit status."""
    commands = {
        "run": run, "health": health, "schema": schema, "retain": retain,
        "trial": trial, "count": count, "backup": backup, "restore": restore,
    }  # fmt: skip
    if not words or words[0] not in commands or words[1:] not in ([], ["--check"]):
        print(f"usage: readings-manage {' | '.join(commands)}", file=sys.stderr)
        return 2
    settings = load_settings()
    if words[0] == "health":
        return health(settings)
    with connect(settings["database"], load_password()) as connection:
        if words[0] == "schema":
            return schema(settings, connection, check="--check" in words)
        return commands[words[0]](settings, connection)


def run(settings: dict[str, Any], connection: psycopg.Connection[Any]) -> int:
    """Take readings until told to end."""
    from readings_server.ingest import Ingest, broker_client

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    store = Store(connection, settings["sensors"], started=datetime.now(UTC))
    Ingest(settings, store, broker_client("readings", clean=False)).run()
    return 0


def health(_settings: dict[str, Any], _connection: Any = None) -> int:
    """Say how ingest and pages are."""
    from readings_server.ingest import STATUS
    from readings_server.web import ask_health

    try:
        status = json.loads(STATUS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        print("the ingest does not run", file=sys.stderr)
        return 1
    age = datetime.now(UTC) - datetime.fromisoformat(status["time"])
    answer, said = ask_health(SOCKET)
    faults = [
        text
        for text, holds in (
            ("the ingest stands still", age > timedelta(seconds=OLD)),
            ("the ingest does not reach the broker", not status["broker"]),
            (f"the pages do not answer: {said}", answer != 200),
        )
        if holds
    ]
    print(json.dumps({**status, "faults": faults}))
    return 1 if faults else 0


def schema(_settings: dict[str, Any], connection: psycopg.Connection[Any], *, check: bool = False) -> int:
    """Make the tables, and say whether there was something to make."""
    there = schema_is_there(connection)
    if not there and not check:
        apply_schema(connection)
    print(json.dumps({"changed": not there}))
    return 0


def retain(settings: dict[str, Any], connection: psycopg.Connection[Any]) -> int:
    """Drop what is older than it is kept."""
    before = datetime.now(UTC) - timedelta(days=settings["retention_days"])
    dropped = connection.execute("SELECT count(*) FROM drop_chunks('reading', older_than => %s)", (before,)).fetchone()
    alerts = connection.execute("DELETE FROM alert WHERE ended < %s", (before,)).rowcount
    print(json.dumps({"before": before.isoformat(), "chunks": dropped[0] if dropped else 0, "alerts": alerts}))
    return 0


def trial(settings: dict[str, Any], connection: psycopg.Connection[Any]) -> int:
    """Send a test reading the whole way and remove it."""
    from readings_server.trial import run_trial

    result = run_trial(settings, Store(connection, settings["sensors"], started=datetime.now(UTC)))
    print(json.dumps(result))
    return 0 if result["acknowledged"] else 1


def count(_settings: dict[str, Any], connection: psycopg.Connection[Any]) -> int:
    """Say how many rows each table has."""
    counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}  # noqa: S608 - ours
    print(json.dumps(counts))
    return 0


def backup(_settings: dict[str, Any], connection: psycopg.Connection[Any]) -> int:
    """Write the tables as of one moment beside the data, from where root takes them."""
    from readings_server.archive import save

    ARCHIVE.mkdir(mode=0o700, exist_ok=True)
    print(json.dumps(save(connection, ARCHIVE)))
    return 0


def restore(_settings: dict[str, Any], connection: psycopg.Connection[Any]) -> int:
    """Put the tables back from where root laid them."""
    from readings_server.archive import load

    print(json.dumps(load(connection, ARCHIVE)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
