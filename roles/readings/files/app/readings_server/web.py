"""The public pages over WSGI: reads the database, changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import psycopg
from psycopg.rows import dict_row

from readings_server import pages
from readings_server.configuration import load_password, load_settings
from readings_server.store import connect
from readings_server.texts import choose_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LATEST = "SELECT sensor, quantity, time, value, unit, flags FROM latest"
_ALERTS = "SELECT * FROM alert ORDER BY began DESC, id DESC LIMIT %s"
_STANDING = "SELECT sensor, quantity, kind FROM alert WHERE ended IS NULL ORDER BY id"
# a point each quarter of an hour is what a small screen can show; what is not believed is not drawn
_SERIES = """
SELECT quantity, to_timestamp(avg(extract(epoch FROM time))) AS time, avg(value) AS value FROM reading
WHERE sensor = %s AND quantity = ANY(%s) AND time > %s AND time <= %s AND NOT flags && '{out_of_range,spike,ahead}'
GROUP BY quantity, date_bin('15 minutes', reading.time, 'epoch') ORDER BY quantity, 2
"""


class Application:
    """Answers requests, each with a connection of its own: on one machine that takes milliseconds."""

    def __init__(self, settings: dict[str, Any], open_database: Callable[[], psycopg.Connection[Any]]) -> None:
        self.settings, self.open_database = settings, open_database

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return [b""]
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        asked = parse_qs(environ.get("QUERY_STRING", "")).get("lang", [None])[0]
        language = choose_language(asked, environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        try:
            with self.open_database() as database:
                status, kind, text = self.answer(database, path, language, datetime.now(UTC))
        except psycopg.Error:
            status, kind, text = "503 Service Unavailable", "text/plain", "database"
        body = text.encode()
        headers = [
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", pages.POLICY),
            ("Content-Language", language),
            ("Vary", "Accept-Language"),
            ("Cache-Control", "no-cache"),
        ]
        start_response(status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def answer(
        self, database: psycopg.Connection[Any], path: str, language: str, now: datetime
    ) -> tuple[str, str, str]:
        """Return status, kind and text of a page."""
        cursor, settings = database.cursor(row_factory=dict_row), self.settings
        if path == "/health":
            cursor.execute("SELECT 1 FROM latest LIMIT 1")
            return "200 OK", "text/plain", "ok"
        if path == "/":
            latest = cursor.execute(_LATEST).fetchall()
            standing = cursor.execute(_STANDING).fetchall()
            return "200 OK", "text/html", pages.latest_page(settings, language, latest, standing)
        if path == "/canh-bao":
            alerts = cursor.execute(_ALERTS, (pages.MOST_ROWS,)).fetchall()
            return "200 OK", "text/html", pages.alerts_page(settings, language, alerts)
        name = unquote(path.removeprefix("/cam-bien/"))
        sensor = settings["sensors"].get(name)
        if not path.startswith("/cam-bien/") or sensor is None or sensor["test"]:
            return "404 Not Found", "text/html", pages.missing_page(settings, language)
        series: dict[str, list[tuple[datetime, float]]] = {}
        asked = (name, list(sensor["quantities"]), now - timedelta(hours=24), now)
        for row in cursor.execute(_SERIES, asked):
            series.setdefault(row["quantity"], []).append((row["time"], row["value"]))
        return "200 OK", "text/html", pages.sensor_page(settings, language, name, series, now)


def application() -> Application:
    """Return the application with the settings of this machine."""
    settings = load_settings()
    return Application(settings, lambda: connect(settings["database"], load_password(), read_only=True))


def ask_health(path: str) -> tuple[int, str]:
    """Ask the web server at a socket how it is."""
    import http.client
    import socket

    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    try:
        connection.sock.connect(path)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(200).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, json.dumps(str(error))
    finally:
        connection.close()
