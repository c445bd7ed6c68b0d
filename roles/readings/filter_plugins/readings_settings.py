"""The sensors of all gateways, with models, quantities and limits, made into rules by which the server judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TEST_SENSOR, TRIAL_QUANTITY, TRIAL_PERIOD = "kiem-tra", "water_temperature", 900
Table = dict[str, Any]


def load(path: Path) -> Table:
    """Return a YAML file."""
    content: Table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


class Rules:
    """Reads the catalogue of sensors once; ``folder`` holds quantities, models and limits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.quantities = load(folder / "quantities.yml")

    def sensor(self, row: Table, options: Table, gateways: Table) -> Table:
        """Return what the server knows of a sensor."""
        model = load(self.folder / "models" / f"{row['model']}.yml")
        limits = load(self.folder / "limits" / f"{row['limits']}.yml") if row.get("limits") else None
        measured = dict(model["quantities"]) or self._own(row["id"], options)
        own = {each["quantity"]: each for each in _rows(options, "own_limits") if each["sensor"] == row["id"]}
        named = (limits or {}).get("quantities", {})
        shown = ("title", "source", "caveat", "read_on")
        return {
            "place": row["place"],
            "period": row["period"],
            "gateway": gateways.get(row.get("gateway")),
            "test": False,
            "limits": {key: limits[key] for key in shown} if limits else None,
            "quantities": {
                name: self._rule(name, row["period"], each, own.get(name) or named.get(name) or {})
                for name, each in measured.items()
            },
        }

    def _own(self, sensor: str, options: Table) -> Table:
        """Return the quantities that the profile itself describes; without any, all, by their names."""
        own = [row for name in ("registers", "fields") for row in _rows(options, name) if row["sensor"] == sensor]
        return {row["quantity"]: {} for row in own} or {name: {} for name in self.quantities}

    def _rule(self, quantity: str, period: float, model: Table, limits: Table) -> Table:
        known = self.quantities[quantity]
        rule = {"unit": known["unit"], "period": period}
        for key in ("valid", "spike", "flat_after"):
            value = model.get(key, known.get(key))
            rule |= {key: value} if value is not None else {}
        return rule | {key: limits[key] for key in ("minimum", "maximum") if limits.get(key) is not None}

    def trial_sensor(self, gateway: str) -> Table:
        """Return the sensor of the check that sends a reading the whole way; nobody is shown it or told of it."""
        rule = self._rule(TRIAL_QUANTITY, TRIAL_PERIOD, {}, {})
        rule.pop("flat_after", None)
        return {
            "place": "", "period": TRIAL_PERIOD, "gateway": gateway, "test": True, "limits": None,
            "quantities": {TRIAL_QUANTITY: rule},
        }  # fmt: skip


def readings_settings(grants: list[Table] | None, folder: str, fqdn: str) -> Table:
    """Return ``gateways`` (full names), ``sensors`` and ``quantities`` (titles) from what the Site grants."""
    rules = Rules(Path(folder))
    mine = [grant for grant in grants or [] if grant["capability"] == "readings"]
    gateways = {grant["consumer_host"]: grant["consumer_fqdn"] for grant in mine}
    sensors = {
        row["id"]: rules.sensor(row, grant.get("options") or {}, gateways)
        for grant in mine
        for row in _rows(grant.get("options") or {}, "sensors")
    }
    # one gateway has all sensors that name none
    if len(gateways) == 1:
        for sensor in sensors.values():
            sensor["gateway"] = sensor["gateway"] or next(iter(gateways.values()))
    return {
        "gateways": sorted(set(gateways.values())),
        "sensors": sensors | {TEST_SENSOR: rules.trial_sensor(fqdn)},
        "quantities": {name: each["title"] for name, each in rules.quantities.items()},
    }


def python_files(folder: str, destination: str) -> dict[str, str]:
    """Return programs and SQL of a folder by the paths that they get."""
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix in (".py", ".sql"))
    return {f"{destination}/{path.name}": path.read_text(encoding="utf-8") for path in paths}


def _rows(options: Table, name: str) -> list[Table]:
    return options.get(name) or []


class FilterModule:
    """The filters of the role."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"readings_settings": readings_settings, "python_files": python_files}
