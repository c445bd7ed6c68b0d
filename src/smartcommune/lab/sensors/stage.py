"""Where sensors are played: a station for each device that sends by itself, at its own address, and what it showed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune.lab.errors import LabError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from smartcommune.lab.lab import Lab
    from smartcommune.lab.sensors.scene import Scene

ZONE = "sensor"
PLAYER = (sys.executable, "-m", "smartcommune.lab.sensors.player")
Sender = tuple[str, str, str]  # what tells one device that sends from another: protocol, host and port or account


def sender_of(lab: Lab, scene: Scene, row: Mapping[str, Any]) -> tuple[Sender, dict[str, Any]]:
    """Return the device that sends a sensor's readings, and how it speaks, as the player takes it.

    Asks the sensor's gateway for the account of an MQTT device; raises LabError when there is none.
    """
    if row["source"] == "modbus":
        address, _, port = row["address"].removeprefix("tcp://").partition("/")[0].partition(":")
        return ("modbus", address, port), {"source": "modbus", "address": address, "port": int(port)}
    account, host = scene.account(row), scene.host(row)
    program = f"/usr/local/sbin/{scene.service.name.replace('_', '-')}-accounts"
    told = subprocess.run(
        lab.shell_argv(host, f"{program} --show {account}"), capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        raise LabError(
            Text(
                vi=f"{host} không cho tài khoản {account}: {told.stderr}",
                en=f"{host} gives no account {account}: {told.stderr}",
            ),
            todo=Text(vi="áp dụng hồ sơ trước", en="apply the profile first"),
        )
    said = json.loads(told.stdout)
    broker = {key: said[key] for key in ("host", "port", "name", "authority", "user", "password")}
    return ("mqtt", host, account), {"source": "mqtt", "broker": broker}


def play(
    lab: Lab, specs: Sequence[Mapping[str, Any]], started: Callable[[str, list[str]], None]
) -> Generator[dict[str, dict[str, Any]]]:
    """Play each spec in a station of its own, all at once, and yield what each showed, by sensor, as ``told`` has it.

    ``started`` is called with a station's address and its sensors.
    """
    with tempfile.TemporaryDirectory(prefix="smartcommune-sensor-") as folder, contextlib.ExitStack() as stack:
        running: list[tuple[subprocess.Popen[str], Path, Mapping[str, Any]]] = []
        for index, spec in enumerate(specs):
            station = stack.enter_context(lab.station(ZONE, address=spec.get("address")))
            path, log = Path(folder, f"{index}.json"), Path(folder, f"{index}.log")
            path.touch(mode=0o600)
            path.write_text(json.dumps(spec), encoding="utf-8")
            output = stack.enter_context(log.open("w", encoding="utf-8"))
            running.append((station.start([*PLAYER, str(path)], output=output), log, spec))
            started(station.address, [sensor["id"] for sensor in spec["sensors"]])
        for program, log, spec in running:
            program.wait()
            yield told(log.read_text(encoding="utf-8"), [sensor["id"] for sensor in spec["sensors"]])


def told(log: str, sensors: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by sensor how many ``readings`` a player's log tells of, what it said at its end, and its ``error``."""
    steps: Counter[str] = Counter()
    more: dict[str, Any] = {}
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            more["error"] = line  # the last line of a traceback
            continue
        if "sensor" in said:
            steps[said["sensor"]] += 1
        else:
            more |= said
    return {sensor: {"readings": steps[sensor], **more} for sensor in sensors}
