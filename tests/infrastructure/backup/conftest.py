"""A commune of two servers: one with traceability on PostgreSQL, the other keeps its backups. Applied once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import Deployment, stand

NAME = "e2e-backup"
LABEL = "SC-E2E-BACKUP"


def make_profile() -> dict[str, object]:
    """Return the profile; in JSON, which is YAML."""
    return {
        "schema": 1,
        "commune": {"code": "01969", "name": "Phủ Thông"},
        "link": {"down": "30 Mbit/s", "up": "10 Mbit/s", "rtt": "60 ms"},
        "hosts": {
            "server-1": {"kind": "server", "site": "ubnd", "memory": "4 GiB", "disk": "20 GiB"},
            "server-2": {"kind": "server", "site": "ubnd", "memory": "2 GiB", "disk": "40 GiB"},
        },
        "components": {
            "production": {"traceability": {"host": "server-1"}},
            "infrastructure": {"backup_store": {"host": "server-2", "disk": f"LABEL={LABEL}"}},
        },
        "targets": {"lab": {}},
    }


@pytest.fixture(scope="session")
def commune() -> Iterator[Deployment]:
    """The commune, applied from nothing with all its checks passed."""

    def write_profile(state: Path) -> Path:
        profile = state / f"{NAME}.yml"
        profile.write_text(json.dumps(make_profile(), ensure_ascii=False), encoding="utf-8")
        return profile

    with stand(NAME, write_profile) as deployment:
        yield deployment
