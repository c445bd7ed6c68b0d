"""Play sensors inside a station: ``python -m smartcommune.lab.sensors.player SPEC``, a JSON file that ``scene`` wrote.

Each step is told as a JSON line when it has been shown (Modbus) or acknowledged by the broker (MQTT). A message that
may have come is sent again, as a device does, with the time of its measurement. After the last step a Modbus server
goes on showing it for one step more. Ends at the last step or on SIGTERM.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune.lab.sensors.modbus import Server
from smartcommune.lab.sensors.mqtt import Device, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

RETRY_SECONDS = 0.5


class Player:
    """Plays the sensors of one station, which share its address."""

    def __init__(self, spec: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.spec = spec
        self.tell = tell
        self.stopped = threading.Event()

    def run(self) -> None:
        """Play all steps."""
        if self.spec["source"] == "modbus":
            self._serve()
        else:
            with contextlib.closing(Device(**self.spec["broker"])) as device:
                self._steps(lambda sensor, values: self._publish(device, sensor, values))

    def _steps(self, show: Callable[[dict[str, Any], dict[str, float]], None]) -> None:
        start = time.monotonic()
        for step in range(max(len(sensor["values"]) for sensor in self.spec["sensors"])):
            if self.stopped.wait(max(0.0, start + step * self.spec["every"] - time.monotonic())):
                return
            for sensor in self.spec["sensors"]:
                if step < len(sensor["values"]) and not self.stopped.is_set():
                    show(sensor, sensor["values"][step])
                    self.tell({"sensor": sensor["id"], "step": step, "values": sensor["values"][step]})

    def _serve(self) -> None:
        server = Server((self.spec["address"], self.spec["port"]))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)

        def show(sensor: dict[str, Any], values: dict[str, float]) -> None:
            for name, value in values.items():
                server.show(sensor["unit"], sensor["quantities"][name], value)
            if not thread.is_alive():  # nothing is answered before there is something to show
                thread.start()

        self._steps(show)
        self.stopped.wait(self.spec["every"])
        if thread.is_alive():
            server.shutdown()
        server.server_close()
        self.tell({"answered": server.answered})

    def _publish(self, device: Device, sensor: dict[str, Any], values: dict[str, float]) -> None:
        payload = json.dumps({**sensor["fixed"], **message_of(sensor, values)}).encode()
        again = connected = False
        while not self.stopped.is_set():
            try:
                if again or not connected:
                    device.close()
                    device.connect()
                connected = True
                device.publish(sensor["topic"], payload, again=again)
                return
            except RefusedError:
                raise
            except OSError:
                again = again or connected
                connected = False
                self.stopped.wait(RETRY_SECONDS)


def message_of(sensor: dict[str, Any], values: dict[str, float]) -> dict[str, Any]:
    """Return the JSON object of a device: its fields, and when they were measured."""
    message: dict[str, Any] = {}
    for name, value in values.items():
        quantity = sensor["quantities"][name]
        place = message
        *folders, last = quantity["field"].split(".")
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = round(value / quantity.get("scale", 1), 6)
    if sensor["time_field"]:
        message[sensor["time_field"]] = datetime.datetime.now(datetime.UTC).isoformat()
    return message


def main(arguments: list[str]) -> int:
    """Play a file; return 1 when the broker refuses a device."""
    player = Player(json.loads(Path(arguments[0]).read_text(encoding="utf-8")), _tell)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: player.stopped.set())
    try:
        player.run()
    except RefusedError as error:
        _tell({"error": str(error)})
        return 1
    return 0


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
