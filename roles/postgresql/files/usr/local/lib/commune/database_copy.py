#!/usr/bin/python3 -I
"""Copies one database into a file with what is in it, and puts it back, whole and as it was counted or not at all.

``database_copy.py save NAME`` writes ``NAME.dump`` and ``NAME.rows.json`` into the working directory: for each table
its rows and a digest of them, seen at the same moment as the dump. ``database_copy.py restore NAME FOLDER`` brings them
back in one transaction, which is kept only if every table then counts the same. Run as the server's own account.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

import psycopg2

# pg_dump does not bring such a database back in one transaction; the services that have one save it themselves.
UNDUMPED = ("timescaledb",)
# A row as text must be the same text whatever the server's settings are.
SETTINGS = (
    "set local datestyle to 'ISO, YMD'; set local intervalstyle to 'postgres'; set local timezone to 'UTC'; "
    "set local extra_float_digits to 1; set local bytea_output to 'hex'; set local row_security to off;"
)
# Tables of a service, also partitioned ones; neither partitions nor what an extension keeps for itself.
TABLES = """
    select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^(pg_toast|pg_temp|_timescaledb)'
    and not exists (
        select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e'
    )
    order by 1
"""
# The digest does not depend on the order of rows: the sum of their 64-bit hashes.
COUNT = (
    "select count(*) as rows, coalesce(sum(hashtextextended(commune_row::text, 0)::numeric), 0)::text as digest"
    " from {table} commune_row"
)


def main(arguments: list[str]) -> int:
    """Run one command."""
    match arguments:
        case ["save", name]:
            return save(name)
        case ["restore", name, folder]:
            return restore(name, Path(folder))
    print(__doc__, file=sys.stderr)
    return 2


def save(name: str) -> int:
    """Dump and count a database as it is at one moment; of one that its service saves by itself, note just that."""
    connection = psycopg2.connect(dbname=name, host="/run/postgresql")
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection, connection.cursor() as cursor:
        cursor.execute("select extname from pg_extension where extname = any(%s)", (list(UNDUMPED),))
        if own := [extension for (extension,) in cursor.fetchall()]:
            Path(f"{name}.own.json").write_text(json.dumps({"saved by its service": own}) + "\n", encoding="utf-8")
            return 0
        cursor.execute("select pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        # uncompressed: the repository compresses, and finds what it has already
        dump = ["pg_dump", "--format=custom", "--compress=0", f"--snapshot={snapshot}", f"--file={name}.dump", name]
        subprocess.run(dump, check=True)
        Path(f"{name}.rows.json").write_text(json.dumps(count(cursor), indent=2) + "\n", encoding="utf-8")
    connection.close()
    return 0


def count(cursor: Any) -> dict[str, dict[str, Any]]:
    """Return rows and digest of each table."""
    cursor.execute(SETTINGS)
    cursor.execute(TABLES)
    counted = {}
    for (table,) in cursor.fetchall():
        cursor.execute(COUNT.format(table=table))
        rows, digest = cursor.fetchone()
        counted[table] = {"rows": rows, "digest": digest}
    return counted


def restore(name: str, folder: Path) -> int:
    """Put a database back in one transaction that ends by counting it."""
    expected = json.loads((folder / f"{name}.rows.json").read_bytes())
    dump = ["pg_restore", "--clean", "--if-exists", "--file=-", str(folder / f"{name}.dump")]
    into = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--dbname={name}"]
    with (
        subprocess.Popen(dump, stdout=subprocess.PIPE, bufsize=0) as script,
        subprocess.Popen(into, stdin=subprocess.PIPE, bufsize=0) as server,
    ):
        with contextlib.suppress(BrokenPipeError):  # the server refused something, and has said what
            feed(script, server, f"\n{comparison(expected)}\ncommit;\n".encode())
        if server.wait() != 0:
            script.kill()
    return server.returncode or script.returncode


def feed(script: subprocess.Popen[bytes], server: subprocess.Popen[bytes], end: bytes) -> None:
    """Give a script to the server in a transaction; it is kept only if the script was whole and ``end`` agrees."""
    source, sink = cast("IO[bytes]", script.stdout), cast("IO[bytes]", server.stdin)
    try:
        sink.write(b"begin;\n")
        while block := source.read(1 << 16):
            sink.write(block)
        if script.wait() == 0:
            sink.write(end)
    finally:
        with contextlib.suppress(BrokenPipeError):
            sink.close()


def comparison(expected: dict[str, dict[str, Any]]) -> str:
    """Return what ends the transaction in an error unless each table counts as ``expected``, and no other is there."""
    lines = [SETTINGS, "do $proof$", "declare r record;", "begin"]
    for table, facts in expected.items():
        lines += [
            f" {COUNT.format(table=table).replace(' from ', ' into r from ')};",
            f" if (r.rows, r.digest) is distinct from ({facts['rows']}::bigint, '{facts['digest']}') then",
            "  raise exception 'table % holds % rows that are not the % of the backup',",
            f"    {quoted(table)}, r.rows, {facts['rows']};",
            " end if;",
        ]
    names = ", ".join(quoted(table) for table in expected) or "null"
    lines += [
        f" for r in select t.name from ({TABLES}) as t(name) where t.name <> all (array[{names}]::text[]) loop",  # noqa: S608
        "  raise exception 'table % is not in the backup', r.name;",
        " end loop;",
        "end $proof$;",
    ]
    return "\n".join(lines)


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
