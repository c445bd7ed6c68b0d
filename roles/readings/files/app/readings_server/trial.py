"""Send a reading that is marked as a test the whole way, see it in the database, and remove it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

from readings_server.ingest import PORT, broker_client

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

    from readings_server.store import Store

SENSOR, QUANTITY, VALUE = "kiem-tra", "water_temperature", 99.0
PATIENCE = 10  # seconds


def run_trial(settings: dict[str, Any], store: Store) -> dict[str, Any]:
    """Return what became of the reading: seconds until it was acknowledged, its row, how many rows were removed."""
    host, sequence = settings["host"], time.time_ns() // 1_000_000
    acknowledged, subscribed = Event(), Event()
    client = broker_client("readings-trial", clean=True)

    def heard(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        # an empty message is the former one being taken back
        if message.payload and json.loads(message.payload)["through"] >= sequence:
            acknowledged.set()

    def joined(joining: mqtt.Client, *_words: Any) -> None:
        joining.subscribe(f"acknowledged/{host}", qos=1)

    client.on_connect, client.on_message = joined, heard
    client.on_subscribe = lambda *_words: subscribed.set()
    unit = settings["sensors"][SENSOR]["quantities"][QUANTITY]["unit"]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    row = {"sequence": sequence, "sensor": SENSOR, "quantity": QUANTITY, "time": now}
    row |= {"raw": VALUE, "value": VALUE, "unit": unit}
    client.connect(host, PORT)
    client.loop_start()
    try:
        subscribed.wait(PATIENCE)
        begun = time.monotonic()
        client.publish(f"readings/{host}", json.dumps({"oldest": sequence, "readings": [row]}), qos=1)
        seen = acknowledged.wait(PATIENCE)
        seconds = time.monotonic() - begun
        found = store.connection.execute(
            "SELECT value, unit, flags FROM reading WHERE gateway = %s AND sequence = %s", (host, sequence)
        ).fetchone()
    finally:
        client.publish(f"acknowledged/{host}", b"", qos=1, retain=True).wait_for_publish(PATIENCE)
        client.loop_stop()
        client.disconnect()
        removed = store.forget(host, SENSOR)
    return {"acknowledged": seen, "seconds": round(seconds, 3), "row": found, "removed": removed}
