"""A commune of two servers and a switch with its monitoring, applied once with all its checks passed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import Deployment, stand
from tests.infrastructure.monitoring.zabbix import Zabbix

NAME = "e2e-monitoring"
SMALL = {"kind": "server", "site": "ubnd", "memory": "1 GiB", "disk": "8 GiB"}


def make_profile(*more: str) -> dict[str, object]:
    """Return the profile, with further small machines; in JSON, which is YAML."""
    return {
        "schema": 1,
        "commune": {"code": "01969", "name": "Phủ Thông"},
        "link": {"down": "30 Mbit/s", "up": "10 Mbit/s", "rtt": "60 ms"},
        "hosts": {
            "server-1": {"kind": "server", "site": "ubnd", "memory": "4 GiB", "disk": "20 GiB"},
            "server-2": SMALL,
            **dict.fromkeys(more, SMALL),
        },
        "devices": {"switch-1": {"platform": "huawei_vrp", "role": "access_switch", "site": "ubnd"}},
        "components": {"infrastructure": {"monitoring": {"host": "server-1"}}},
        "targets": {"lab": {}},
    }


def write_profile(path: Path, *more: str) -> Path:
    """Write the profile."""
    path.write_text(json.dumps(make_profile(*more), ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def commune() -> Iterator[Deployment]:
    """The commune, applied from nothing with all its checks passed."""
    with stand(NAME, lambda state: write_profile(state / f"{NAME}.yml")) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def zabbix(commune: Deployment) -> Zabbix:
    """What the monitoring's database says."""
    return Zabbix(commune)
