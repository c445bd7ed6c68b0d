"""The server of the readings for its tests: on the path, with a small commune's rules, on a throw-away database."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from tests.plugin_files import load_file
from tests.unit import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROLE = paths.checkout() / "roles" / "readings"
SENSORS = paths.checkout() / "roles" / "sensor_gateway" / "files"
if str(ROLE / "files" / "app") not in sys.path:
    sys.path.insert(0, str(ROLE / "files" / "app"))

GATEWAY, SERVER = "gateway-1.xa.example", "server-1.xa.example"
NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
ROWS = [
    {"id": "ao-1", "model": "supmea_sup_do7013", "place": "Ao tôm 1", "period": 900, "limits": "shrimp_pond"},
    {"id": "man-1", "model": "generic_mqtt", "place": "Cống <1>", "period": 60, "limits": None},
    {"id": "muc-1", "model": "generic_modbus", "place": "Trạm nước", "period": 900, "limits": "surface_water_b"},
]
OPTIONS = {
    "sensors": [{**row, "gateway": None} for row in ROWS],
    "registers": [{"sensor": "muc-1", "quantity": "water_level", "register": 4}],
    "fields": [{"sensor": "man-1", "quantity": "salinity", "field": "sal"}],
    "own_limits": [{"sensor": "man-1", "quantity": "salinity", "minimum": None, "maximum": 1}],
}
GRANTS = [
    {"capability": "readings", "consumer_host": "gateway-1", "consumer_fqdn": GATEWAY, "options": OPTIONS, "name": None}
]


def load(path: str) -> ModuleType:
    """Return a Python file of the role as a module."""
    return load_file(ROLE / path, f"readings_{Path(path).stem}")


@cache
def _compiled() -> dict[str, Any]:
    """Return what the role makes of the sensors' tables and models."""
    made: dict[str, Any] = load("filter_plugins/readings_settings.py").readings_settings(GRANTS, str(SENSORS), SERVER)
    return made


def settings(**more: Any) -> dict[str, Any]:
    """Return the settings that the role would write."""
    own = {"host": SERVER, "commune": "Quảng Thọ", "page": "quan-trac.xa.example", "sender": "quan-trac@xa.example"}
    return {**deepcopy(_compiled()), **own, "recipients": ["khuyen-nong@example.vn"], "retention_days": 1095, **more}


@contextmanager
def database() -> Iterator[dict[str, Any]]:
    """Run PostgreSQL on a socket of its own, without TimescaleDB; yield how to connect."""
    with postgres.cluster("readings") as folder:
        yield {"name": "postgres", "host": str(folder), "user": "readings", "local": True}
