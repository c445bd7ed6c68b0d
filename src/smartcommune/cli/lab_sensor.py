"""``smartcommune lab sensor``: play readings into a gateway by the sensors' own protocols, from where they stand."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of
from smartcommune.exit_codes import FAILED

if TYPE_CHECKING:
    from smartcommune.lab.lab import Lab
    from smartcommune.lab.sensors.scene import Scene
    from smartcommune.lab.station import Station

ZONE = "sensor"
PLAYER = ("-m", "smartcommune.lab.sensors.player")


def play(
    context: typer.Context,
    profile: options.Profile,
    sensors: Annotated[
        list[str] | None, typer.Argument(metavar="[SENSOR]...", help="Their ids; all of the profile by default.")
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option("--csv", help="Recorded readings: a column each quantity.", exists=True, dir_okay=False),
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--set", metavar="QUANTITY=VALUE", help="Show this value; may be repeated.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many readings of each sensor.")] = 96,
    every: Annotated[float, typer.Option("--every", min=0.001, help="Seconds between two readings.")] = 1.0,
) -> None:
    """Play readings into a gateway by the sensors' own protocols: a Modbus server, an MQTT device.

    Recorded ones with --csv, else generated ones like a day's. Each stands in the zone sensor, at its own address.
    """
    from smartcommune import paths
    from smartcommune.cli.loading import lab_of, load_commune
    from smartcommune.lab.sensors.scene import Scene

    session = of(context)
    commune = load_commune(profile, "lab")
    scene = Scene(commune.site, commune.catalogue, paths.checkout() / "roles")
    rows = scene.choose(sensors or [])
    values = _fixed(fixed or [])
    lab = lab_of(session, profile)
    specs: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        key, spec = _spec(lab, scene, row)
        sensor = scene.sensor(row, count=count, recording=recording, fixed=values)
        specs.setdefault(key, {**spec, "every": every, "sensors": []})["sensors"].append(sensor)
    with tempfile.TemporaryDirectory(prefix="smartcommune-sensor-") as folder, contextlib.ExitStack() as stack:
        played = _play_all(session, lab, list(specs.values()), Path(folder), stack)
    session.document({"played": played})
    if any("error" in each for each in played.values()):
        raise typer.Exit(FAILED)


def _spec(lab: Lab, scene: Scene, row: dict[str, Any]) -> tuple[tuple[str, str, str], dict[str, Any]]:
    """Return what tells a sensor's station from others, and how the station speaks."""
    if row["source"] == "modbus":
        address, _, port = row["address"].removeprefix("tcp://").partition("/")[0].partition(":")
        return ("modbus", address, port), {"source": "modbus", "address": address, "port": int(port)}
    account, host = scene.account(row), scene.host(row)
    program = f"/usr/local/sbin/{scene.service.name.replace('_', '-')}-accounts"
    told = subprocess.run(
        lab.shell_argv(host, f"{program} --show {account}"), capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        from smartcommune.lab.errors import LabError
        from smartcommune.text import Text

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


def _play_all(
    session: Session, lab: Lab, specs: list[dict[str, Any]], folder: Path, stack: contextlib.ExitStack
) -> dict[str, dict[str, Any]]:
    """Play each spec in a station of its own, and return what was played by sensor."""
    running: list[tuple[subprocess.Popen[str], Path, dict[str, Any]]] = []
    for index, spec in enumerate(specs):
        station: Station = stack.enter_context(lab.station(ZONE, address=spec.get("address")))
        path, log = folder / f"{index}.json", folder / f"{index}.log"
        path.touch(mode=0o600)
        path.write_text(json.dumps(spec), encoding="utf-8")
        output = stack.enter_context(log.open("w", encoding="utf-8"))
        running.append((station.start([sys.executable, *PLAYER, str(path)], output=output), log, spec))
        names = ", ".join(sensor["id"] for sensor in spec["sensors"])
        session.note(session.text(f"{station.address} chơi {names}", f"{station.address} plays {names}"))
    played: dict[str, dict[str, Any]] = {}
    for program, log, spec in running:
        program.wait()
        played |= _told(session, log, spec)
    return played


def _told(session: Session, log: Path, spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how many readings of each sensor were shown, and what a player said at its end."""
    steps: Counter[str] = Counter()
    more: dict[str, Any] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            more["error"] = line  # the last line of a traceback
            continue
        if "sensor" in said:
            steps[said["sensor"]] += 1
        else:
            more |= said
    for sensor in spec["sensors"]:
        number = steps[sensor["id"]]
        session.result(session.text(f"{sensor['id']}: {number} lần đo", f"{sensor['id']}: {number} readings"))
    if "error" in more:
        session.error(str(more["error"]))
    return {sensor["id"]: {"readings": steps[sensor["id"]], **more} for sensor in spec["sensors"]}


def _fixed(words: list[str]) -> dict[str, float]:
    """Return the values of ``--set``; raises BadParameter."""
    values = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            values[name] = float(value)
        except ValueError as error:
            raise typer.BadParameter(f"{word}: QUANTITY=VALUE", param_hint="--set") from error
    return values
