"""Take gateways' batches from the broker into the database, and acknowledge what is committed."""

from __future__ import annotations

import json
import logging
import smtplib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
import psycopg

from readings_server.batches import BatchError, acknowledgement, parse_batch
from readings_server.notices import tell

if TYPE_CHECKING:
    from readings_server.store import Store

LOG = logging.getLogger("readings")
TURN = 5  # seconds between two looks at silence, notices and the status file
PORT = 8883
CERTIFICATES = Path("/etc/commune-tls")
ROOT = "/usr/local/share/ca-certificates/commune-root.crt"
STATUS = Path("/run/readings/status.json")
SUBSCRIPTIONS = [("readings/+", 1), ("status/+", 1), ("status/+/link", 1)]


def broker_client(name: str, *, clean: bool) -> mqtt.Client:
    """Return a client that logs in with the certificate of this machine."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
    client.tls_set(ROOT, str(CERTIFICATES / "certificate.pem"), str(CERTIFICATES / "private-key.pem"))
    return client


class Ingest:
    """Joins broker and store. An error of the database ends it: systemd starts it again, and gateways send again."""

    def __init__(self, settings: dict[str, Any], store: Store, client: mqtt.Client) -> None:
        self.settings, self.store, self.client = settings, store, client
        self.gateways = {*settings["gateways"], settings["host"]}
        self.connected, self.taken, self.refused, self.mail = False, 0, 0, True
        client.on_connect, client.on_disconnect, client.on_message = self._joined, self._left, self._heard

    def run(self) -> None:
        """Take batches for ever."""
        self.client.connect(self.settings["host"], PORT, keepalive=20)
        turn = 0.0
        while True:
            if self.client.loop(timeout=1.0) != mqtt.MQTT_ERR_SUCCESS:
                self.connected = False
                self._rejoin()
            if time.monotonic() - turn >= TURN:
                turn = time.monotonic()
                self.turn(datetime.now(UTC))

    def _rejoin(self) -> None:
        try:
            self.client.reconnect()
        except OSError as error:
            LOG.warning("the broker does not answer: %s", error)
            time.sleep(1)

    def turn(self, now: datetime) -> None:
        """Look for silent sensors, send notices, say how it is."""
        self.store.watch(now)
        try:
            tell(self.store, self.settings, now)
            self.mail = True
        except (OSError, smtplib.SMTPException) as error:
            if self.mail:
                LOG.warning("the mail queue does not take notices, they wait: %s", error)
            self.mail = False
        words = {"time": now.isoformat(), "broker": self.connected, "mail": self.mail}
        text = json.dumps({**words, "taken": self.taken, "refused": self.refused})
        fresh = STATUS.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(STATUS)

    def _joined(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            LOG.error("the broker refuses this machine: %s", reason)
            return
        client.subscribe(SUBSCRIPTIONS)
        self.connected = True

    def _left(self, *_words: Any) -> None:
        self.connected = False

    def _heard(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        kind, gateway, *rest = message.topic.split("/")
        if gateway not in self.gateways:
            return
        now = datetime.now(UTC)
        if kind == "readings":
            self._take(client, gateway, message.payload, now)
        elif rest == ["link"]:
            self.store.note(gateway, now, link=message.payload == b"1")
        else:
            self._note(gateway, message.payload, now)

    def _take(self, client: mqtt.Client, gateway: str, payload: bytes, now: datetime) -> None:
        try:
            batch = parse_batch(payload)
            through = self.store.take(gateway, batch, now)
        except (BatchError, psycopg.DataError) as error:
            self.refused += 1
            LOG.warning("%s sent what cannot be kept: %s", gateway, error)
            return
        self.taken += len(batch.rows)
        client.publish(f"acknowledged/{gateway}", acknowledgement(through), qos=1, retain=True)

    def _note(self, gateway: str, payload: bytes, now: datetime) -> None:
        try:
            status = json.loads(payload)
            self.store.note(gateway, now, status=status)
        except (ValueError, RecursionError, psycopg.DataError) as error:
            LOG.warning("%s sent a status that cannot be read: %s", gateway, error)
