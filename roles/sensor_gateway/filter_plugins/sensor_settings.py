"""The table of sensors and the catalogue of models, made into the settings of one gateway's collector and broker."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import yaml

Rows = list[dict[str, Any]]
OWN_ACCOUNTS = ("collector", "zigbee2mqtt")
OWN_TOPICS = ("acknowledged", "readings", "rtl_433", "status", "zigbee2mqtt")


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the YAML files of a folder by name."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml"))}


class Compiler:
    """Gathers faults while it reads the tables; ``tables`` are the role's own options beside ``sensors``."""

    def __init__(self, role: Path, tables: dict[str, Rows | None]) -> None:
        self.models = load(role / "files" / "models")
        self.quantities: dict[str, dict[str, Any]] = yaml.safe_load(
            (role / "files" / "quantities.yml").read_text(encoding="utf-8")
        )
        self.tables = {name: rows or [] for name, rows in tables.items()}
        self.faults: list[str] = []

    def sensor(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return one sensor as the collector takes it."""
        name, model = row["id"], self.models[row["model"]]
        if model["source"] != row["source"]:
            self.faults.append(f"{name}: the model {row['model']} speaks {model['source']}, not {row['source']}")
        if name in OWN_ACCOUNTS:
            self.faults.append(f"{name}: the gateway has an account of this name; give the sensor another id")
        if row["source"] == "mqtt" and row["address"].split("/")[0] in OWN_TOPICS:
            self.faults.append(f"{name}: topics below {', '.join(OWN_TOPICS)} are the gateway's; choose another one")
        quantities = dict(model["quantities"]) or self._own(name, row["source"])
        if not quantities:
            self.faults.append(f"{name}: the model {row['model']} wants the sensor's rows in the table «registers»")
        sensor = {
            "id": name,
            "source": row["source"],
            "address": row["address"],
            "period": row["period"],
            "quantities": {
                quantity: {**{k: v for k, v in each.items() if k != "valid"}, "unit": self._unit(name, quantity)}
                for quantity, each in quantities.items()
            },
            "calibration": {
                each["quantity"]: [_or(each["gain"], 1.0), _or(each["offset"], 0.0)]
                for each in self.tables["calibration"]
                if each["sensor"] == name
            },
        }
        self.faults += [
            f"{name}: calibration of {quantity}, which the sensor does not measure"
            for quantity in sensor["calibration"]
            if quantity not in quantities
        ]
        if model.get("time_field"):
            sensor["time_field"] = model["time_field"]
        return sensor

    def check_place(self, row: dict[str, Any], zone: str) -> None:
        """Record a sensor on the network that the firewall would not let the gateway ask."""
        if not row["address"].startswith("tcp://"):
            return
        address = row["address"].removeprefix("tcp://").partition(":")[0]
        try:
            inside = ipaddress.ip_address(address) in ipaddress.ip_network(zone)
        except ValueError:
            inside = False
        if not inside:
            self.faults.append(f"{row['id']}: {address} is no address of the zone sensor, {zone}")

    def check_tables(self, ids: set[str]) -> None:
        """Record rows of the tables that name no sensor."""
        for table, rows in self.tables.items():
            self.faults += [f"{table}: there is no sensor {row['sensor']}" for row in rows if row["sensor"] not in ids]

    def _own(self, name: str, source: str) -> dict[str, dict[str, Any]]:
        """Return the quantities that the profile itself describes; on MQTT, without rows, all by their names."""
        if source == "modbus":
            return {
                row["quantity"]: {
                    "kind": _or(row["kind"], "holding"),
                    "register": row["register"],
                    "type": _or(row["type"], "int16"),
                    "words": _or(row["words"], "high_first"),
                    "scale": _or(row["scale"], 1),
                }
                for row in self.tables["registers"]
                if row["sensor"] == name
            }
        own = {
            row["quantity"]: {"field": row["field"], "scale": _or(row["scale"], 1)}
            for row in self.tables["fields"]
            if row["sensor"] == name
        }
        return own or {quantity: {"field": quantity} for quantity in self.quantities}

    def _unit(self, name: str, quantity: str) -> str:
        if quantity not in self.quantities:
            self.faults.append(f"{name}: there is no quantity {quantity}; there are {', '.join(self.quantities)}")
            return ""
        return str(self.quantities[quantity]["unit"])


def accounts_of(sensors: Rows, gateway: str) -> Rows:
    """Return the local broker's accounts: the collector's, one a device, one a program that brings sensors in."""
    sources = {sensor["source"] for sensor in sensors}
    heard = [sensor["address"] for sensor in sensors if sensor["source"] == "mqtt"]
    heard += ["rtl_433/#"] if "rtl_433" in sources else []
    heard += ["zigbee2mqtt/#"] if "zigbee2mqtt" in sources else []
    own = {
        "user": "collector",
        "read": [f"acknowledged/{gateway}", f"status/{gateway}/link", *sorted(set(heard))],
        "write": [f"readings/{gateway}", f"status/{gateway}"],
    }
    devices = [{"user": each["id"], "write": [each["address"]]} for each in sensors if each["source"] == "mqtt"]
    radio = [{"user": "rtl_433", "write": ["rtl_433/#"]}] if "rtl_433" in sources else []
    zigbee = [{"user": "zigbee2mqtt", "read": ["zigbee2mqtt/#"], "write": ["zigbee2mqtt/#"]}]
    return [own, *devices, *radio, *(zigbee if "zigbee2mqtt" in sources else [])]


def sensor_settings(
    rows: Rows | None, role: str, host: str, hosts: list[str], gateway: str, zone: str, **tables: Any
) -> dict[str, Any]:
    """Return ``sensors``, ``accounts``, ``radio``, ``serial`` and ``faults`` of one gateway."""
    rows = rows or []
    compiler = Compiler(Path(role), tables)
    compiler.check_tables({row["id"] for row in rows})
    if len(hosts) > 1:
        compiler.faults += [f"{row['id']}: say which gateway: {', '.join(hosts)}" for row in rows if not row["gateway"]]
    mine = [row for row in rows if row["gateway"] in (None, "", host)]
    sensors = [compiler.sensor(row) for row in mine]
    for row in mine:
        compiler.check_place(row, zone)
    lines = {each["address"].rpartition("/")[0] for each in sensors if each["source"] == "modbus"}
    return {
        "sensors": sensors,
        "accounts": accounts_of(sensors, gateway),
        "radio": any(each["source"] == "rtl_433" for each in sensors),
        "network": any(line.startswith("tcp://") for line in lines),
        "serial": sorted(line.removeprefix("rtu://").rsplit(":", 2)[0] for line in lines if line.startswith("rtu://")),
        "faults": compiler.faults,
    }


def program_files(folder: str, destination: str) -> dict[str, str]:
    """Return the Python files of a folder by the paths that they get."""
    return {
        f"{destination}/{path.name}": path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.py"))
    }


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


class FilterModule:
    """The filters of the role."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"sensor_settings": sensor_settings, "program_files": program_files}
