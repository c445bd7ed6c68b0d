"""Readings on a real database: each once, with flags and alerts; pages, notices, backup and restore."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import psycopg
import pytest

from tests.unit.postgres import programs
from tests.unit.readings_app import GATEWAY, NOW, ROLE, SERVER, database, settings

assert ROLE.is_dir()

from readings_server import archive, notices  # noqa: E402
from readings_server.batches import parse_batch  # noqa: E402
from readings_server.store import TABLES, Store, apply_schema, connect  # noqa: E402
from readings_server.web import Application  # noqa: E402

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def where():
    """A database with the tables."""
    with database() as made:
        with connect(made) as connection:
            apply_schema(connection, hypertable=False)
        yield made


@pytest.fixture
def store(where):
    """A store on empty tables."""
    with connect(where) as connection:
        connection.execute(f"TRUNCATE {', '.join(TABLES)}")
        yield Store(connection, settings()["sensors"], started=NOW)


class Gateway:
    """Numbers and sends readings as a gateway does."""

    def __init__(self, store, name=GATEWAY, first=1000):
        self.store, self.name, self.next, self.rows = store, name, first, []

    def measure(self, value, *, at=0.0, sensor="ao-1", quantity="dissolved_oxygen", unit="mg/L"):
        """Take a reading ``at`` minutes after the beginning."""
        time = (NOW + timedelta(minutes=at)).isoformat()
        row = {"sequence": self.next, "sensor": sensor, "quantity": quantity, "time": time, "raw": value}
        self.rows.append({**row, "value": value, "unit": unit})
        self.next += 1
        return self

    def send(self, *, at=0.0, rows=None, oldest=None):
        """Send what was taken; return through which number the server has it."""
        rows = self.rows if rows is None else rows
        message = {"oldest": oldest or self.rows[0]["sequence"], "readings": rows}
        return self.store.take(self.name, parse_batch(json.dumps(message).encode()), NOW + timedelta(minutes=at))


def rows(store, question):
    """Return what the database answers."""
    return store.connection.execute(question).fetchall()


def test_what_comes_twice_counts_once(store):
    """Sent again, whole or in part, a reading is one row, and what is missing in between holds the number back."""
    gateway = Gateway(store)
    for index in range(5):
        gateway.measure(6 + index / 10, at=index * 15)

    assert gateway.send(at=60, rows=gateway.rows[:2]) == 1001
    assert gateway.send(at=60, rows=gateway.rows[3:]) == 1001
    assert gateway.send(at=60) == 1004
    assert gateway.send(at=60) == 1004
    assert rows(store, "SELECT sequence FROM reading ORDER BY 1") == [(1000 + index,) for index in range(5)]
    assert gateway.send(at=60, rows=[], oldest=2000) == 1999


def test_a_number_counts_once_whatever_its_time(store):
    """A number that comes again with another time, as from a clock that was set, is the reading that is held."""
    gateway = Gateway(store)
    gateway.measure(6.5).send()
    gateway.rows[0]["time"] = (NOW + timedelta(days=30)).isoformat()

    assert gateway.send() == 1000
    assert rows(store, "SELECT time FROM reading") == [(NOW,)]


def test_a_batch_is_taken_whole_or_not_at_all(store):
    """When the database refuses a row nothing of the batch is kept, nor remembered."""
    gateway = Gateway(store)
    gateway.measure(3.0)
    gateway.measure(3.0, at=15)
    batch = parse_batch(json.dumps({"oldest": 1000, "readings": gateway.rows}).encode())
    broken = store.connection.execute
    store.connection.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'")
    broken("CREATE TRIGGER refuse BEFORE INSERT ON latest FOR EACH ROW EXECUTE FUNCTION refuse()")
    try:
        with pytest.raises(psycopg.Error):
            store.take(GATEWAY, batch, NOW)
        assert rows(store, "SELECT count(*) FROM reading") == rows(store, "SELECT count(*) FROM alert") == [(0,)]
        assert (store.past, store.standing) == ({}, set())
    finally:
        broken("DROP FUNCTION refuse() CASCADE")
    assert store.take(GATEWAY, batch, NOW) == 1001


def test_low_oxygen_is_one_alert(store):
    """A pond's oxygen below 3.5 mg/L is one alert, also after a restart, and it ends once."""
    gateway = Gateway(store)
    for index, value in enumerate([4.5, 3.2, 3.1, 3.0]):
        gateway.measure(value, at=15 * index)
    gateway.send(at=45)
    again = Store(store.connection, store.sensors, started=NOW)
    gateway.store = again
    gateway.measure(2.9, at=60).measure(4.6, at=75).measure(4.7, at=90).send(at=90)

    found = rows(store, "SELECT sensor, quantity, kind, value, bound, unit, ended - began FROM alert")
    assert found == [("ao-1", "dissolved_oxygen", "low", 3.2, 3.5, "mg/L", timedelta(minutes=60))]


def test_rows_carry_unit_and_flags(store):
    """A row has its calibrated value, its unit and what is doubtful about it."""
    Gateway(store).measure(6.5).measure(99.0, at=15).send(at=15)

    assert rows(store, "SELECT value, unit, flags FROM reading ORDER BY sequence") == [
        (6.5, "mg/L", []),
        (99.0, "mg/L", ["out_of_range"]),
    ]


def test_a_gateway_speaks_for_its_sensors_alone(store):
    """What another machine says of a sensor is kept under its name, and neither shown nor judged."""
    Gateway(store, SERVER).measure(1.0).measure(1.0, sensor="unknown").send()

    assert rows(store, "SELECT count(*) FROM reading") == [(2,)]
    assert rows(store, "SELECT count(*) FROM latest") == rows(store, "SELECT count(*) FROM alert") == [(0,)]


def test_silence_is_told_once(store):
    """A silent sensor is one alert until it is heard; the test sensor is none."""
    Gateway(store).measure(6.5).send()
    for minutes in (30, 47, 48):
        store.watch(NOW + timedelta(minutes=minutes))
    silent = rows(store, "SELECT sensor FROM alert WHERE kind = 'silent' ORDER BY 1")
    gateway = Gateway(store, first=2000)
    gateway.measure(6.6, at=50).send(at=50)

    assert silent == [("ao-1",), ("man-1",), ("muc-1",)]
    ended = rows(store, "SELECT sensor, began, ended FROM alert WHERE ended IS NOT NULL")
    assert ended == [("ao-1", NOW, NOW + timedelta(minutes=50))]


def test_alerts_of_what_is_declared_no_more_end(store):
    """A sensor that was taken out of the profile leaves no alert behind."""
    Gateway(store).measure(3.0).send()
    kept = {name: sensor for name, sensor in store.sensors.items() if name != "ao-1"}
    Store(store.connection, kept, started=NOW).watch(NOW)

    assert rows(store, "SELECT count(*) FROM alert WHERE ended IS NULL") == [(0,)]


def test_notices_go_out_once(store):
    """One letter when an alert begins, one when it ends; what the queue refuses waits."""
    made, letters = settings(), []
    Gateway(store).measure(3.0).send()

    def refuse(_mail):
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        notices.tell(store, made, NOW, refuse)
    assert [notices.tell(store, made, NOW, letters.append) for _ in range(2)] == [1, 0]
    Gateway(store, first=2000).measure(4.0, at=15).send(at=15)
    assert [notices.tell(store, made, NOW, letters.append) for _ in range(2)] == [1, 0]

    subject = "[Quảng Thọ] Cảnh báo: Ao tôm 1 (ao-1), Oxy hòa tan: thấp hơn ngưỡng, 3 mg/L (ngưỡng 3,5)"
    assert letters[0]["Subject"] == subject
    assert letters[1]["Subject"].startswith("[Quảng Thọ] Hết cảnh báo: ")
    assert "Dissolved oxygen: below the limit, 3 mg/L (limit 3.5)" in letters[0].get_content()
    assert letters[0]["To"] == "khuyen-nong@example.vn"
    assert letters[0]["Message-ID"] != letters[1]["Message-ID"]


def test_without_recipients_the_log_is_all(store):
    """Nobody to write to: nothing is sent, and nothing waits."""
    Gateway(store).measure(3.0).send()

    assert notices.tell(store, settings(recipients=[]), NOW, pytest.fail) == 0
    assert store.untold() == []


def test_a_backup_comes_back(store, tmp_path):
    """Saved, changed, restored: the tables are as they were, and new alerts get new numbers."""
    gateway = Gateway(store)
    gateway.measure(3.0).measure(6.0, at=15).send(at=15)
    before = [rows(store, f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES]
    saved = archive.save(store.connection, tmp_path)
    gateway.measure(3.0, at=30).send(at=30)
    loaded = archive.load(store.connection, tmp_path)

    assert saved == loaded == {"reading": 2, "gateway": 1, "latest": 1, "alert": 1}
    assert [rows(store, f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES] == before
    gateway.store = Store(store.connection, store.sensors, started=NOW)
    assert gateway.send(at=30) == 1002
    assert len(rows(store, "SELECT id FROM alert")) == 2


def test_the_trial_leaves_nothing(store):
    """The check's reading is judged as any other, shown to nobody, and removed."""
    trial = Gateway(store, SERVER, first=7)
    trial.measure(99.0, sensor="kiem-tra", quantity="water_temperature", unit="°C").send()

    assert rows(store, "SELECT unit, flags FROM reading") == [("°C", ["out_of_range"])]
    assert store.forget(SERVER, "kiem-tra") == 1
    assert [rows(store, f"SELECT count(*) FROM {name}") for name in TABLES] == [[(0,)]] * len(TABLES)


class Browser:
    """Asks the application for pages."""

    def __init__(self, where):
        self.application = Application(settings(), lambda: connect(where, read_only=True))

    def get(self, path, language="vi", method="GET", query=""):
        """Return status, headers and text."""
        seen = {}
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_ACCEPT_LANGUAGE": language}
        body = b"".join(
            self.application(environ, lambda status, headers: seen.update(status=status, headers=dict(headers)))
        )
        return seen["status"][:3], seen["headers"], body.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("vi", ["Oxy hòa tan", "3,2 mg/L"]), ("en-US,en", ["Dissolved oxygen", "3.2 mg/L"])]
)
def test_latest_readings_are_shown(store, where, language, words):
    """The first page has each sensor's last value with its unit, and what is wrong, in the reader's language."""
    Gateway(store).measure(3.2).send()
    status, headers, text = Browser(where).get("/", language)

    assert status == "200"
    assert all(word in text for word in words)
    assert "Cống &lt;1&gt;" in text
    assert "kiem-tra" not in text
    assert 'class="w"' in text
    assert headers["Content-Language"] == language[:2]
    assert "<script" not in text


def test_a_days_graph_is_drawn(store, where, monkeypatch):
    """A sensor's page draws the last day with its limit, without what is not believed, and names the limits' source."""
    gateway = Gateway(store)
    for index in range(40):
        gateway.measure(99.0 if index == 20 else 5 + index % 7 / 10, at=15 * index - 600)
    gateway.send()
    application = Browser(where)
    with connect(where, read_only=True) as connection:
        _status, _kind, text = application.application.answer(connection, "/cam-bien/ao-1", "vi", NOW)

    points = re.search(r'<polyline class="l" points="([^"]+)"', text)[1].split()
    assert len(points) == 39
    assert 'class="b"' in text
    assert "QCVN 02-19:2014/BNNPTNT" in text
    assert len(text.encode()) < 50_000


def test_pages_stay_small(store, where):
    """With a hundred alerts and a hundred sensors of long names each page is below 50 KB."""
    for index in range(150):
        store._begin("ao-1", "dissolved_oxygen", "low", NOW + timedelta(minutes=index), 3.0, 3.5, "mg/L")
        store._end("ao-1", "dissolved_oxygen", "low", NOW + timedelta(minutes=index, seconds=30))
    browser = Browser(where)
    many = {f"ao-{index}-cam-bien": {**store.sensors["ao-1"], "place": f"Ao tôm {index}"} for index in range(200)}
    browser.application.settings["sensors"] = many

    for path in ("/", "/canh-bao"):
        status, _headers, text = browser.get(path)
        assert status == "200"
        assert len(text.encode()) < 50_000


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/health", "GET", "200"),
        ("/canh-bao", "HEAD", "200"),
        ("/cam-bien/kiem-tra", "GET", "404"),
        ("/cam-bien/<b>", "GET", "404"),
        ("/x", "GET", "404"),
        ("/", "POST", "405"),
    ],
)
def test_addresses_answer(store, where, path, method, status):
    """What exists answers, what does not says so, and nothing can be sent."""
    answer = Browser(where).get(path, method=method)

    assert answer[0] == status
    assert "<b>" not in answer[2]
    assert (method == "HEAD") == (answer[2] == "" and status == "200")


def test_pages_cannot_write(where):
    """The pages' connection reads only."""
    with connect(where, read_only=True) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("DELETE FROM reading")


def test_without_a_database_the_pages_say_so(where):
    """A database that is away is a plain 503."""
    browser = Browser({**where, "host": "/nonexistent"})

    assert browser.get("/health")[0] == "503"
