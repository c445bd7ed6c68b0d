"""What is played: from a profile's table of sensors and the models of its role, one spec for each station.

The service is the one of the catalogue that has a table ``sensors`` with columns ``model``, ``source``, ``address``.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from smartcommune.errors import UsageError
from smartcommune.lab.sensors import series
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.site.models import PlacedService, Site

COLUMNS = {"model", "source", "address"}
RADIO_TOPIC = "rtl_433/events"


class Scene:
    """The sensors of a commune, and how their models speak."""

    def __init__(self, site: Site, catalogue: Catalogue, roles: Path) -> None:
        placed = [each for host in site.hosts for each in host.services if _has_sensors(catalogue, each)]
        if not placed:
            raise UsageError(
                Text(vi="hồ sơ này không có cảm biến nào", en="this profile has no sensors"),
                todo=Text(vi="thêm cảm biến vào bảng «sensors»", en="add sensors to the table «sensors»"),
            )
        self.service = placed[0]
        self.hosts = [each.host for each in placed if each.name == self.service.name]
        self.files = roles / self.service.name / "files"
        self.rows: dict[str, dict[str, Any]] = {row["id"]: row for row in self.service.options["sensors"]}
        self.common: dict[str, dict[str, Any]] = _load(self.files / "quantities.yml")

    def quantities(self, row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return how a sensor's quantities are read: its model's, or the profile's own."""
        model: dict[str, dict[str, Any]] = _load(self.files / "models" / f"{row['model']}.yml")["quantities"]
        if model:
            return model
        own = [
            each
            for table in ("registers", "fields")
            for each in self.service.options.get(table) or ()
            if each["sensor"] == row["id"]
        ]
        described = {each["quantity"]: {k: v for k, v in each.items() if v is not None} for each in own}
        if row["source"] == "modbus":
            return {name: {"kind": "holding", "type": "int16", **each} for name, each in described.items()}
        return described or {name: {"field": name} for name in self.common}

    def sensor(
        self, row: Mapping[str, Any], *, count: int, recording: Path | None, fixed: Mapping[str, float]
    ) -> dict[str, Any]:
        """Return a sensor with its values."""
        quantities = self.quantities(row)
        if recording is not None:
            values = series.recorded(recording, set(quantities))[:count]
        else:
            ordinary = {name: tuple(self.common[name]["ordinary"]) for name in quantities}
            values = list(islice(series.generated(ordinary, fixed), count))
        model = _load(self.files / "models" / f"{row['model']}.yml")
        return {
            "id": row["id"],
            "quantities": quantities,
            "values": values,
            "time_field": model.get("time_field"),
            **_speech(row),
        }

    def account(self, row: Mapping[str, Any]) -> str:
        """Return the account of the gateway's broker that a sensor's messages come by."""
        return str(row["id"] if row["source"] == "mqtt" else row["source"])

    def host(self, row: Mapping[str, Any]) -> str:
        """Return the gateway of a sensor."""
        return str(row.get("gateway") or self.hosts[0])

    def choose(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return the named rows, all that can be played without names; raises UsageError."""
        from smartcommune.document.nearest import one_of

        for name in names:
            if name not in self.rows:
                raise UsageError(
                    Text(vi=f"không có cảm biến {name}", en=f"there is no sensor {name}"),
                    todo=one_of(name, list(self.rows)),
                )
        chosen = [row for name, row in self.rows.items() if not names or name in names]
        serial = [row["id"] for row in chosen if row["address"].startswith("rtu://")]
        if names and serial:
            raise UsageError(
                Text(vi=f"{serial[0]} nối bằng đường nối tiếp", en=f"{serial[0]} is joined by a serial line"),
                todo=Text(vi="phòng thử chơi Modbus TCP và MQTT", en="the lab plays Modbus TCP and MQTT"),
            )
        return [row for row in chosen if row["id"] not in serial]


def _speech(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a sensor is told from others: its unit on a line, or its topic and what its messages always say."""
    match row["source"]:
        case "modbus":
            return {"unit": int(str(row["address"]).rpartition("/")[2])}
        case "rtl_433":
            model, _, number = str(row["address"]).rpartition("/")
            return {"topic": RADIO_TOPIC, "fixed": {"model": model, "id": int(number) if number.isdigit() else number}}
        case "zigbee2mqtt":
            return {"topic": f"zigbee2mqtt/{row['address']}", "fixed": {}}
    return {"topic": str(row["address"]), "fixed": {}}


def _has_sensors(catalogue: Catalogue, placed: PlacedService) -> bool:
    option = catalogue[placed.name].options.get("sensors")
    return option is not None and set(option.columns) >= COLUMNS and bool(placed.options.get("sensors"))


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
