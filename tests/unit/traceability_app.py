"""The traceability application for its tests: on the path, and on a throw-away database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from smartcommune import paths
from tests.unit.postgres import run

if TYPE_CHECKING:
    from pathlib import Path

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


def psql(folder: Path, user: str, statements: str) -> subprocess.CompletedProcess[str]:
    """Run statements in the test database as one of its accounts; the caller looks at the status."""
    command = ["psql", "-h", str(folder), "-U", user, "-d", "traceability", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    return subprocess.run(command, input=statements, capture_output=True, text=True, check=False)


def configure(folder: Path) -> None:
    """Make the application's account and database in a cluster, set Django up on it and migrate; once a process."""
    make = ["-c", "CREATE ROLE traceability LOGIN", "-c", "CREATE DATABASE traceability OWNER traceability"]
    run("psql", "-h", folder, "-U", "postgres", "-Xq", *make)
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
    # the real one takes its time on purpose
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    sql = ROLE / "files" / "sql"
    append_only = (APPLICATION / "tracing" / "migrations" / "append_only.sql").read_text()
    sealed = psql(folder, "postgres", append_only + (sql / "seal.sql").read_text())
    assert sealed.returncode == 0, sealed.stderr
