"""The collector: ties the sources, the outbox and the sender together, and tells how they are."""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from pathlib import Path
from typing import Any

from sensor_gateway.broker import Broker
from sensor_gateway.modbus import Line, split
from sensor_gateway.outbox import Delivery, FullError, Outbox
from sensor_gateway.readings import Reading, UnreadableError, from_message, reading_of, time_in, to_message
from sensor_gateway.sender import Sender, stamp

LOG = logging.getLogger("collector")
RADIO = "rtl_433/events"
STATUS_SECONDS = 5
PUBLISHED_SECONDS = 60


class Collector:
    """One gateway's collector; ``run`` returns when it is told to end."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.stopped = threading.Event()
        self.outbox = Outbox(Path(settings["outbox"]["path"]), limit=settings["outbox"]["limit"])
        self.sensors = {sensor["id"]: sensor for sensor in settings["sensors"]}
        self._lock = threading.Lock()
        self._refused = 0
        self._linked = False
        self._seen: dict[str, dict[str, Any]] = {id_: {"failures": 0, "last": None} for id_ in self.sensors}
        gateway = settings["gateway"]
        self._acknowledged, self._link = f"acknowledged/{gateway}", f"status/{gateway}/link"
        topics = sorted({topic for sensor in self.sensors.values() for topic in _topics(sensor)})
        self.broker = Broker(settings, [self._acknowledged, self._link, *topics], self.hear)
        self.sender = Sender(self.outbox, self.broker.publish_batch)

    def run(self) -> None:
        """Collect until SIGTERM."""
        signal.signal(signal.SIGTERM, lambda *_: self.stopped.set())
        signal.signal(signal.SIGINT, lambda *_: self.stopped.set())
        lines: dict[str, list[dict[str, Any]]] = {}
        for sensor in self.sensors.values():
            if sensor["source"] == "modbus":
                lines.setdefault(split(sensor["address"])[0], []).append(sensor)
        self.broker.start()
        threads = [Line(line, members, self.take, self.failed, self.stopped) for line, members in lines.items()]
        threads.append(threading.Thread(target=self.sender.run, args=(self.stopped,), name="sender", daemon=True))
        for thread in threads:
            thread.start()
        published = float("-inf")
        while not self.stopped.is_set():
            dead = [thread.name for thread in threads if not thread.is_alive()]
            if dead:
                raise SystemExit(f"ended by themselves: {', '.join(dead)}")  # systemd starts us again
            self.write_status()
            if self.broker.connected and time.monotonic() - published >= PUBLISHED_SECONDS:
                self.broker.publish_status(self.status("online"))
                published = time.monotonic()
            self.stopped.wait(STATUS_SECONDS)
        self.sender.wake()
        self.broker.stop(self.status("offline"))
        for thread in threads:
            thread.join(timeout=5)
        self.outbox.close()

    def hear(self, message: Any, again: bool) -> None:
        """Take a message of the broker: an acknowledgement, the state of the link, or what a sensor says."""
        if message.topic == self._acknowledged:
            self.sender.acknowledge(message.payload)
        elif message.topic == self._link:
            self._linked = message.payload == b"1"
            self.sender.link(up=self._linked)
        else:
            self._hear_sensors(Delivery(message.mid, again, message.topic, message.payload), retained=message.retain)

    def take(self, readings: list[Reading], **origin: Any) -> None:
        """Put readings into the outbox; a full one refuses them, which is counted and told."""
        try:
            self.outbox.accept(readings, **origin)
        except FullError:
            with self._lock:
                self._refused += len(readings)
            return
        with self._lock:
            for each in readings:
                self._seen[each.sensor]["last"] = stamp(each.time)
                self._seen[each.sensor]["why"] = None
        self.sender.wake()

    def failed(self, sensor: dict[str, Any], why: str) -> None:
        """Count a sensor's failure; the first one after an answer is written to the journal."""
        with self._lock:
            seen = self._seen[sensor["id"]]
            seen["failures"] += 1
            first, seen["why"] = seen.get("why") != why, why
        if first:
            LOG.warning("%s: %s", sensor["id"], why)

    def status(self, state: str) -> dict[str, Any]:
        """Return how the gateway is."""
        rows, oldest, used = self.outbox.size()
        with self._lock:
            sensors = {id_: {"failures": each["failures"], "last": each["last"]} for id_, each in self._seen.items()}
            return {
                "state": state,
                "time": stamp(time.time_ns() // 1_000_000),
                "outbox": rows,
                "oldest": oldest,
                "bytes": used,
                "refused": self._refused,
                "broker": self.broker.connected,
                "link": self._linked,
                "sensors": sensors,
            }

    def write_status(self) -> None:
        """Write how the gateway is where the health check reads it."""
        path = Path(self.settings["status"])
        new = path.with_suffix(".new")
        new.write_text(json.dumps(self.status("online")) + "\n", encoding="utf-8")
        new.replace(path)

    def _hear_sensors(self, delivery: Delivery, *, retained: bool) -> None:
        """Take what a message says of each sensor that it may come from; what the broker kept is no new measurement."""
        if retained:
            return
        taken: list[Reading] = []
        measured: dict[str, int] = {}
        for sensor in self.sensors.values():
            if delivery.topic not in _topics(sensor):
                continue
            try:
                message = to_message(delivery.payload)
                readings, at = readings_in(sensor, message) if speaks_of(sensor, message) else ([], None)
            except UnreadableError as error:
                self.failed(sensor, str(error))
                continue
            taken += readings
            if readings and at is not None:
                measured[sensor["id"]] = at
        if taken:
            self.take(taken, delivery=delivery, measured=measured)


def readings_in(sensor: dict[str, Any], message: Any) -> tuple[list[Reading], int | None]:
    """Return what a message says of a sensor, and the time that it says (ms); raises UnreadableError."""
    measured = time_in(sensor, message)
    now = measured if measured is not None else time.time_ns() // 1_000_000
    readings = [
        reading_of(sensor, name, raw, now)
        for name, quantity in sensor["quantities"].items()
        if (raw := from_message(quantity, message)) is not None
    ]
    if not readings:
        raise UnreadableError("the message holds none of the model's fields")
    return readings, measured


def speaks_of(sensor: dict[str, Any], message: Any) -> bool:
    """Return whether a message is this sensor's: on the radio's one topic, model and number tell them apart."""
    if sensor["source"] != "rtl_433":
        return True
    model, _, number = sensor["address"].rpartition("/")
    return isinstance(message, dict) and message.get("model") == model and str(message.get("id")) == number


def _topics(sensor: dict[str, Any]) -> tuple[str, ...]:
    """Return the topics on which a sensor is heard."""
    return {
        "mqtt": (sensor["address"],),
        "zigbee2mqtt": (f"zigbee2mqtt/{sensor['address']}",),
        "rtl_433": (RADIO,),
    }.get(sensor["source"], ())
