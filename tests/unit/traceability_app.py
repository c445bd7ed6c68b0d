"""The traceability application for its tests: on the path, and on a throw-away database."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = paths.checkout() / "roles" / "traceability"
APPLICATION = ROLE / "files" / "app"
HOST = "truy-xuat.example.gov.vn"
GTIN = "08938505974019"
PASSWORD = "correct horse battery staple"
FIELDS = {
    "product_vi": "Mật ong hoa rừng",
    "product_en": "Forest honey",
    "producer": "HTX Thiên An",
    "producer_address": "Xã Phủ Thông",
    "origin_vi": "Rừng xã Phủ Thông",
    "produced_on": date(2026, 9, 12),
    "expires_on": date(2060, 9, 12),
    "standards": "TCVN 12605:2019",
}
THEN = datetime(2026, 9, 5, 6, 30, tzinfo=UTC)
if str(APPLICATION) not in sys.path:
    sys.path.insert(0, str(APPLICATION))


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs on this computer, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_postgres() -> list[str]:
    """Return what goes before a command that PostgreSQL refuses to run as root; nothing for another user."""
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def psql(folder: Path, user: str, statements: str) -> subprocess.CompletedProcess[str]:
    """Run statements in the test database as one of its accounts; the caller looks at the status."""
    command = ["psql", "-h", str(folder), "-U", user, "-d", "traceability", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    return subprocess.run(command, input=statements, capture_output=True, text=True, check=False)


def run(*command: object) -> None:
    """Run a program to its end without its output; raises CalledProcessError."""
    words = [str(word) for word in command]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_cluster(folder: Path) -> Iterator[Path]:
    """Run a PostgreSQL cluster on a socket in ``folder``, with the application's account and database."""
    binaries = programs()
    assert binaries is not None
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data, as_user = folder / "data", as_postgres()
    run(*as_user, binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=20 -c shared_buffers=16MB"
    control = [*as_user, binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    run(*control, "-o", options, "start")
    try:
        make = ["-c", "CREATE ROLE traceability LOGIN", "-c", "CREATE DATABASE traceability OWNER traceability"]
        run("psql", "-h", folder, "-U", "postgres", "-Xq", *make)
        yield folder
    finally:
        run(*control, "-m", "immediate", "stop")


def configure(folder: Path) -> None:
    """Set Django up on that cluster and migrate; once a process."""
    database = {"name": "traceability", "host": str(folder), "user": "traceability", "sslmode": "disable"}
    written = {
        "settings.json": {"host": HOST, "commune": "Phủ Thông", "contact": "", "database": database},
        "secrets.json": {"secret_key": "only-for-tests-" * 4, "database_password": ""},
    }
    for name, content in written.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tracing.settings", "TRACEABILITY_FOLDER": str(folder)}
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # the real one takes its time on purpose
    call_command("migrate", verbosity=0)
    sql = ROLE / "files" / "sql"
    append_only = (APPLICATION / "tracing" / "migrations" / "append_only.sql").read_text()
    sealed = psql(folder, "postgres", append_only + (sql / "seal.sql").read_text())
    assert sealed.returncode == 0, sealed.stderr
