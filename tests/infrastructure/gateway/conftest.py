"""A commune of two sites with a router each, applied once; behind their operators an Internet of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartcommune.lab.station import Station
from smartcommune.lab.topology import INTERNET
from tests.deployment import Deployment, stand
from tests.infrastructure.gateway import signed_zone
from tests.infrastructure.gateway.clients import Place, clients_everywhere
from tests.infrastructure.gateway.internet import Internet

NAME = "e2e-gateway"
PRINTER = "02:00:00:00:00:07"
TECHNICIAN = 231  # last number of the technician's address in the management zone


def make_profile(public_key: str) -> dict[str, object]:
    """Return the profile; in JSON, which is YAML."""
    machine = {"kind": "gateway", "memory": "1 GiB", "disk": "8 GiB"}
    options = {
        "host": ["gateway-1", "gateway-2"],
        "resolvers": [{"domain": zone.name, "address": INTERNET} for zone in signed_zone.ZONES],
        "trust_anchors": [zone.anchor for zone in signed_zone.ZONES],
        "ntp_servers": [INTERNET],
        "probes": [INTERNET],
        "reservations": [
            {"mac": PRINTER, "host": "gateway-1", "zone": "office", "number": 200, "name": "may-in"},
        ],
        "staff": [{"name": "ky-thuat", "public_key": public_key, "number": TECHNICIAN}],
        "vpn_endpoints": [],
    }
    return {
        "schema": 1,
        "commune": {"code": "01969", "name": "Phủ Thông"},
        "link": {"down": "16 Mbit/s", "up": "8 Mbit/s", "rtt": "60 ms"},
        "sites": {"ubnd": {"title": "Ủy ban nhân dân xã"}, "truong": {"title": "Trường học", "block": "10.21.0.0/21"}},
        "hosts": {
            "gateway-1": {**machine, "site": "ubnd"},
            "server-1": {"kind": "server", "site": "ubnd", "memory": "4 GiB", "disk": "20 GiB"},
            "gateway-2": {**machine, "site": "truong"},
        },
        "components": {"infrastructure": {"zone_gateway": options}, "production": {"traceability": {}}},
        "targets": {"lab": {}},
    }


@pytest.fixture(scope="session")
def technician_key() -> tuple[str, str]:
    """The technician's private and public WireGuard key, made on their own computer."""
    kept = os.environ.get("SMARTCOMMUNE_STANDING_KEY")
    private = kept or subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
    public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()
    return private, public


@pytest.fixture(scope="session")
def commune(technician_key: tuple[str, str]) -> Iterator[Deployment]:
    """The commune, applied from nothing with all its checks passed."""

    def write_profile(state: Path) -> Path:
        profile = state / f"{NAME}.yml"
        profile.write_text(json.dumps(make_profile(technician_key[1]), ensure_ascii=False), encoding="utf-8")
        return profile

    with stand(NAME, write_profile) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def internet(commune: Deployment) -> Iterator[Internet]:
    """What lies beyond the operators."""
    with Internet(commune.lab.layout.netns_path, INTERNET) as beyond:
        yield beyond


@pytest.fixture(scope="module")
def stations(commune: Deployment) -> Iterator[dict[Place, Station]]:
    """A client in each zone of both sites, answering on every port."""
    with clients_everywhere(commune) as made:
        yield made
