"""What rows of the sensors' tables have to agree on: source with model and address, and rows that name a sensor."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from smartcommune.catalogue.rules import Finding, finding
from smartcommune.document.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = ("calibration", "registers", "fields", "own_limits")
OWN_ACCOUNTS = ("collector", "zigbee2mqtt")
OWN_TOPICS = ("acknowledged", "readings", "rtl_433", "status", "zigbee2mqtt")
# source: form of its addresses, an example
FORMS = {
    "modbus": (
        r"tcp://(\d{1,3}\.){3}\d{1,3}:502/\d{1,3}|rtu:///dev/[A-Za-z0-9/_.-]+:\d{3,6}:[78][NEO][12]/\d{1,3}",
        "tcp://10.20.21.20:502/1, rtu:///dev/ttyUSB0:9600:8N1/1",
    ),
    "mqtt": (r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*", "ao/1"),
    "rtl_433": (r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+", "Cotech-367959/104"),
    "zigbee2mqtt": (r"0x[0-9a-fA-F]{16}", "0x00158d0001ab23cd"),
}


def check(options: dict[str, Any]) -> Iterator[Finding]:
    """Return what does not go together in the tables of sensors."""
    ids = [row["id"] for row in options["sensors"]]
    for index, row in enumerate(options["sensors"]):
        yield from _check_sensor(row, ("sensors", index))
    for table in TABLES:
        for index, row in enumerate(options[table]):
            if row["sensor"] not in ids:
                known = ", ".join(ids) or "–"
                yield finding(
                    (table, index, "sensor"),
                    "unknown-sensor",
                    ("không có cảm biến này trong «sensors»", "there is no such sensor in «sensors»"),
                    (f"một trong: {known}", f"one of: {known}"),
                    ("sửa mã cảm biến, hoặc xóa dòng này", "correct the sensor's id, or delete the row"),
                    suggestion=nearest(row["sensor"], ids),
                )


def _check_sensor(row: dict[str, Any], path: tuple[str, int]) -> Iterator[Finding]:
    source, wanted = row["source"], sources()[row["model"]]
    if source != wanted:
        yield finding(
            (*path, "source"),
            "wrong-source",
            (f"kiểu máy {row['model']} không đến bằng đường này", f"the model {row['model']} does not come this way"),
            (wanted, wanted),
            (f"viết source: {wanted}, hoặc sửa kiểu máy", f"write source: {wanted}, or correct the model"),
            suggestion=wanted,
            related=((*path, "model"),),
        )
        return
    pattern, example = FORMS[source]
    if not re.fullmatch(pattern, row["address"]):
        yield finding(
            (*path, "address"),
            "wrong-address",
            (f"địa chỉ không phải của nguồn {source}", f"this is no address of the source {source}"),
            (f"dạng: {example}", f"of the form: {example}"),
            ("sửa địa chỉ, hoặc sửa nguồn", "correct the address, or the source"),
            related=((*path, "source"),),
        )
    elif source == "mqtt" and row["address"].split("/")[0] in OWN_TOPICS:
        own = ", ".join(OWN_TOPICS)
        yield finding(
            (*path, "address"),
            "own-topic",
            ("chủ đề này là của chính cổng", "this topic is the gateway's own"),
            (f"chủ đề không nằm dưới: {own}", f"a topic below none of: {own}"),
            ("chọn chủ đề khác", "choose another topic"),
        )
    if row["id"] in OWN_ACCOUNTS:
        own = ", ".join(OWN_ACCOUNTS)
        yield finding(
            (*path, "id"),
            "own-account",
            ("cổng đã có tài khoản tên này", "the gateway has an account of this name"),
            (f"mã khác: {own}", f"another id than: {own}"),
            ("đổi mã cảm biến", "give the sensor another id"),
        )


@functools.cache
def sources() -> dict[str, str]:
    """Return by which source each model of the role's catalogue comes."""
    folder = Path(__file__).parent / "files" / "models"
    models = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml"))}
    return {name: str(model["source"]) for name, model in models.items()}
