"""``smartcommune lab sensor``: play readings into a gateway by the sensors' own protocols, from where they stand."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Annotated, Any

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of
from smartcommune.exit_codes import FAILED


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
    from smartcommune.lab.sensors import stage
    from smartcommune.lab.sensors.scene import Scene

    session = of(context)
    commune = load_commune(profile, "lab")
    scene = Scene(commune.site, commune.catalogue, paths.checkout() / "roles")
    rows = scene.choose(sensors or [])
    values = _fixed(fixed or [])
    lab = lab_of(session, profile)
    specs: dict[stage.Sender, dict[str, Any]] = {}
    for row in rows:
        sender, spec = stage.sender_of(lab, scene, row)
        sensor = scene.sensor(row, count=count, recording=recording, fixed=values)
        specs.setdefault(sender, {**spec, "every": every, "sensors": []})["sensors"].append(sensor)
    played: dict[str, dict[str, Any]] = {}
    with contextlib.closing(stage.play(lab, list(specs.values()), functools.partial(_say_started, session))) as shown:
        for told in shown:
            _say_told(session, told)
            played |= told
    session.document({"played": played})
    if any("error" in each for each in played.values()):
        raise typer.Exit(FAILED)


def _say_started(session: Session, address: str, sensors: list[str]) -> None:
    names = ", ".join(sensors)
    session.note(session.text(f"{address} chơi {names}", f"{address} plays {names}"))


def _say_told(session: Session, told: dict[str, dict[str, Any]]) -> None:
    for sensor, said in told.items():
        number = said["readings"]
        session.result(session.text(f"{sensor}: {number} lần đo", f"{sensor}: {number} readings"))
    for error in {str(said["error"]) for said in told.values() if "error" in said}:
        session.error(error)


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
