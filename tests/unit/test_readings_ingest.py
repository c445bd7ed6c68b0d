"""What the ingest does with messages of the broker: acknowledges what is committed, and nothing else."""

from __future__ import annotations

import importlib
import json
import smtplib
import sys
from types import ModuleType, SimpleNamespace

import psycopg
import pytest

from tests.unit.readings_app import GATEWAY, NOW, ROLE, SERVER, settings

assert ROLE.is_dir()

PAYLOAD = json.dumps({"oldest": 5, "readings": []}).encode()


class Client:
    """A double of the broker's client: keeps what is published and subscribed to."""

    def __init__(self):
        self.published, self.subscribed = [], []

    def publish(self, topic, payload, *, qos, retain):
        """Keep a message."""
        self.published.append((topic, payload, qos, retain))

    def subscribe(self, topics):
        """Keep a subscription."""
        self.subscribed += topics


class Store:
    """A double of the store: takes all batches, or fails as told."""

    def __init__(self, error=None):
        self.error, self.notes = error, []

    def take(self, _gateway, batch, _received):
        """Take a batch."""
        if self.error:
            raise self.error
        return batch.oldest + 2

    def note(self, gateway, _now, **words):
        """Keep what a gateway says of itself."""
        self.notes.append((gateway, words))

    def watch(self, _now):
        """Find nobody silent."""

    def untold(self):
        """Return one alert that began."""
        alert = dict.fromkeys(("value", "bound", "ended", "began_told")) | {"id": 1, "sensor": "ao-1", "quantity": ""}
        return [{**alert, "kind": "silent", "began": NOW, "unit": ""}]


@pytest.fixture
def ingest(monkeypatch, tmp_path):
    """The module, before a double of the MQTT library, which the controller does not have."""
    library = ModuleType("paho.mqtt.client")
    library.MQTT_ERR_SUCCESS = 0
    for name in ("paho", "paho.mqtt"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", library)
    sys.modules["paho.mqtt"].client = library
    monkeypatch.delitem(sys.modules, "readings_server.ingest", raising=False)
    module = importlib.import_module("readings_server.ingest")
    monkeypatch.setattr(module, "STATUS", tmp_path / "status.json")
    yield module
    sys.modules.pop("readings_server.ingest")


def hear(ingest, topic, payload, store=None):
    """Let the ingest hear one message; return it, its client and its store."""
    client, store = Client(), store or Store()
    made = ingest.Ingest(settings(), store, client)
    client.on_message(client, None, SimpleNamespace(topic=topic, payload=payload))
    return made, client, store


def test_a_batch_is_acknowledged_when_it_is_committed(ingest):
    """The acknowledgement says through which number, retained, with QoS 1."""
    _made, client, _store = hear(ingest, f"readings/{GATEWAY}", PAYLOAD)

    assert client.published == [(f"acknowledged/{GATEWAY}", b'{"through": 7}', 1, True)]


@pytest.mark.parametrize(
    ("topic", "payload", "error"),
    [
        ("readings/stranger.xa.example", PAYLOAD, None),
        (f"readings/{GATEWAY}", b"{", None),
        (f"readings/{GATEWAY}", PAYLOAD, psycopg.DataError("out of range")),
    ],
    ids=["a stranger's", "no batch", "refused by the database"],
)
def test_what_is_not_kept_is_not_acknowledged(ingest, topic, payload, error):
    """Strangers, what is no batch, and what the database refuses get no answer, and end nothing."""
    assert hear(ingest, topic, payload, Store(error))[1].published == []


def test_a_lost_database_ends_the_ingest(ingest):
    """It is started again then, and gateways send again."""
    with pytest.raises(psycopg.OperationalError):
        hear(ingest, f"readings/{SERVER}", PAYLOAD, Store(psycopg.OperationalError("gone")))


@pytest.mark.parametrize(
    ("topic", "payload", "notes"),
    [
        (f"status/{GATEWAY}", b'{"state": "online"}', [(GATEWAY, {"status": {"state": "online"}})]),
        (f"status/{GATEWAY}/link", b"0", [(GATEWAY, {"link": False})]),
        (f"status/{GATEWAY}", b"\xff", []),
        ("status/stranger.xa.example", b"{}", []),
    ],
)
def test_what_gateways_say_of_themselves_is_kept(ingest, topic, payload, notes):
    """Status and link of the known gateways."""
    assert hear(ingest, topic, payload)[2].notes == notes


@pytest.mark.parametrize(("error", "mail"), [(None, True), (smtplib.SMTPException("full"), False)])
def test_the_status_says_how_it_is(ingest, monkeypatch, error, mail):
    """Each turn writes the file that the health check reads; a queue that takes no mail stops nothing."""

    def tell(*_words):
        if error:
            raise error

    monkeypatch.setattr(ingest, "tell", tell)
    made, client, _store = hear(ingest, f"readings/{GATEWAY}", PAYLOAD)
    client.on_connect(client, None, None, SimpleNamespace(is_failure=False), None)
    made.turn(NOW)

    assert json.loads(ingest.STATUS.read_text()) == {
        "time": NOW.isoformat(), "broker": True, "mail": mail, "taken": 0, "refused": 0,
    }  # fmt: skip
    assert client.subscribed == [("readings/+", 1), ("status/+", 1), ("status/+/link", 1)]
    client.on_disconnect()
    assert not made.connected
