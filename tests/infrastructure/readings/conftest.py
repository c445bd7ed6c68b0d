"""A gateway with a pond's probe and a device that counts, and the server that takes their readings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import Deployment, stand
from tests.infrastructure.readings.pond import COUNTER, POND, Pond

NAME = "e2e-readings"
PROFILE = {
    "schema": 1,
    "commune": {"code": "20122", "name": "Vinh Lộc"},
    "link": {"down": "16 Mbit/s", "up": "8 Mbit/s", "rtt": "60 ms"},
    "hosts": {
        "server-1": {"kind": "server", "site": "ubnd", "memory": "4 GiB", "disk": "20 GiB"},
        "gateway-1": {"kind": "gateway", "site": "ubnd", "memory": "1 GiB", "disk": "8 GiB"},
    },
    "components": {
        "infrastructure": {
            "sensor_gateway": {
                "sensors": [
                    {
                        "id": POND, "model": "supmea_sup_do7013", "place": "Ao 1", "source": "modbus",
                        "address": "tcp://10.20.5.20:502/1", "period": 2, "limits": "shrimp_pond",
                    },
                    {
                        "id": COUNTER, "model": "generic_mqtt", "place": "Máy đếm", "source": "mqtt",
                        "address": "dem", "period": 86400,
                    },
                ],
                "fields": [{"sensor": COUNTER, "quantity": "orp", "field": "n"}],
            },
            "readings": {"recipients": ["khuyen-nong@example.vn"]},
        },
    },
    "targets": {"lab": {}},
}  # fmt: skip


@pytest.fixture(scope="session")
def commune() -> Iterator[Deployment]:
    """The commune, applied from nothing with all its checks passed."""

    def write_profile(state: Path) -> Path:
        profile = state / f"{NAME}.yml"
        profile.write_text(json.dumps(PROFILE, ensure_ascii=False), encoding="utf-8")
        return profile

    with stand(NAME, write_profile) as deployment:
        yield deployment


@pytest.fixture
def pond(commune: Deployment, tmp_path: Path) -> Pond:
    """What is measured there, and what the server has of it."""
    return Pond(commune, tmp_path)
