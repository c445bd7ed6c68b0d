"""Ask the sensors of one Modbus line or gateway, one after the other, each at its period."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException

from sensor_gateway.readings import Reading, UnreadableError, from_registers, reading_of, register_count

LOG = logging.getLogger("modbus")
TIMEOUT = 2.0
ERRORS = (ModbusException, OSError, UnreadableError)


def split(address: str) -> tuple[str, int]:
    """Return the line or gateway of an address, and the unit on it: ``tcp://10.20.5.20:502/1``, ``rtu:///dev/ttyUSB0:9600:8N1/1``."""
    line, _, unit = address.rpartition("/")
    return line, int(unit)


def client_of(line: str) -> Any:
    """Return pymodbus's client of a line; nothing is opened yet."""
    if line.startswith("tcp://"):
        parts = urlsplit(line)
        return ModbusTcpClient(str(parts.hostname), port=parts.port or 502, timeout=TIMEOUT, retries=1)
    port, speed, mode = line.removeprefix("rtu://").rsplit(":", 2)
    return ModbusSerialClient(
        port,
        baudrate=int(speed),
        bytesize=int(mode[0]),
        parity=mode[1],
        stopbits=int(mode[2]),
        timeout=TIMEOUT,
        retries=1,
    )


def ask(client: Any, unit: int, quantity: dict[str, Any]) -> float:
    """Return what one quantity of a sensor is now; raises one of ERRORS."""
    read = client.read_input_registers if quantity["kind"] == "input" else client.read_holding_registers
    answer = read(quantity["register"], count=register_count(quantity), slave=unit)
    if answer.isError():
        raise UnreadableError(str(answer))
    return from_registers(quantity, answer.registers)


class Line(threading.Thread):
    """Asks the sensors of one line. ``take`` gets their readings, ``failed`` is told of what did not answer."""

    def __init__(
        self,
        line: str,
        sensors: list[dict[str, Any]],
        take: Callable[[list[Reading]], None],
        failed: Callable[[dict[str, Any], str], None],
        stopped: threading.Event,
    ) -> None:
        super().__init__(name=line, daemon=True)
        self._client = client_of(line)
        self._sensors = sensors
        self._take = take
        self._failed = failed
        self._stopped = stopped

    def run(self) -> None:
        """Ask each sensor at multiples of its period until stopped; what was missed is not made up for."""
        due = {sensor["id"]: time.monotonic() for sensor in self._sensors}
        while not self._stopped.is_set():
            sensor = min(self._sensors, key=lambda each: due[each["id"]])
            if self._stopped.wait(max(0.0, due[sensor["id"]] - time.monotonic())):
                break
            self._ask_all(sensor)
            due[sensor["id"]] = max(due[sensor["id"]] + sensor["period"], time.monotonic())
        self._client.close()

    def _ask_all(self, sensor: dict[str, Any]) -> None:
        unit = split(sensor["address"])[1]
        readings, faults = [], []
        for name, quantity in sensor["quantities"].items():
            try:
                if not self._client.connected and not self._client.connect():
                    faults.append("the line cannot be opened")
                    break
                raw = ask(self._client, unit, quantity)
            except ERRORS as error:
                faults.append(f"{name}: {error}")
                self._client.close()
                continue
            readings.append(reading_of(sensor, name, raw, time.time_ns() // 1_000_000))
        if readings:
            self._take(readings)
        if faults:
            self._failed(sensor, "; ".join(faults))
