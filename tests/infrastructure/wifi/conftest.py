"""A commune with citizens' Wi-Fi, applied once; behind its operator an Internet of the tests' own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smartcommune.lab.station import Station
from smartcommune.lab.topology import INTERNET
from tests.deployment import Deployment, stand
from tests.infrastructure.wifi.internet import Internet
from tests.waiting import wait_until

NAME, ROUTER = "e2e-wifi", "gateway-1"
DOWN_MBIT = 6
DAILY_MEGABYTES = 500
DATABASE = "/var/lib/commune-wifi/wifi.db"
_CHANGE = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1],timeout=10); d.execute(sys.argv[2]); d.commit()"


def make_profile(**wifi: object) -> dict[str, Any]:
    """Return the profile; in JSON, which is YAML. ``wifi`` are more options of the Wi-Fi."""
    options = {"session_hours": 1, "down_mbit": DOWN_MBIT, "daily_megabytes": DAILY_MEGABYTES, **wifi}
    return {
        "schema": 1,
        "commune": {"code": "01969", "name": "Phủ Thông"},
        "link": {"down": "50 Mbit/s", "up": "20 Mbit/s", "rtt": "60 ms"},
        "hosts": {
            ROUTER: {"kind": "gateway", "site": "ubnd", "memory": "1 GiB", "disk": "8 GiB"},
            "server-1": {"kind": "server", "site": "ubnd", "memory": "4 GiB", "disk": "20 GiB"},
        },
        "components": {
            "infrastructure": {"zone_gateway": {"probes": [INTERNET]}, "wifi_gateway": options},
            "production": {"traceability": {}},
        },
        "targets": {"lab": {}},
    }


def write_profile(profile: Path, **wifi: object) -> Path:
    """Write the profile and return its path."""
    profile.write_text(json.dumps(make_profile(**wifi), ensure_ascii=False), encoding="utf-8")
    return profile


@pytest.fixture(scope="session")
def commune() -> Iterator[Deployment]:
    """The commune, applied from nothing with all its checks passed."""
    with stand(NAME, lambda state: write_profile(state / f"{NAME}.yml")) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def internet(commune: Deployment) -> Iterator[Internet]:
    """What lies beyond the operator."""
    with Internet(commune.lab.layout.netns_path, INTERNET) as beyond:
        yield beyond


@pytest.fixture(scope="session")
def portal(commune: Deployment) -> str:
    """The portal's address."""
    return f"http://{commune.site.zones_of('ubnd')['wifi'].gateway}/"


@dataclass
class Gateway:
    """The machine that keeps the citizens' Wi-Fi."""

    commune: Deployment

    def log(self, mac: str) -> list[dict[str, Any]]:
        """Return a device's entries in the log."""
        lines = self.commune.on(ROUTER, f"commune-wifi log --mac {mac}").splitlines()
        return [json.loads(line) for line in lines]

    def change(self, statement: str) -> None:
        """Change the database by hand, so that time or volume need not pass."""
        self.commune.on(ROUTER, shlex.join(["python3", "-c", _CHANGE, DATABASE, statement]))

    def let_out(self) -> dict[str, int]:
        """Return the devices that the kernel lets out, and the seconds that each has left."""
        listing = json.loads(self.commune.on(ROUTER, "nft --json list set inet commune_wifi accepted"))["nftables"]
        elements = next(item["set"] for item in listing if "set" in item).get("elem", [])
        return {each["elem"]["val"]["concat"][0]: each["elem"]["expires"] for each in elements}


@pytest.fixture
def gateway(commune: Deployment) -> Gateway:
    """The gateway."""
    return Gateway(commune)


@pytest.fixture
def phone(commune: Deployment) -> Iterator[Station]:
    """A phone that has just joined, with an address by DHCP."""
    with commune.lab.station("wifi") as station:
        yield station


def fetch(station: Station, url: str, *options: str) -> tuple[int, str, str]:
    """Ask for a page in a station; return code (0: no connection), where it leads, and the page."""
    form = "\n%{http_code} %{redirect_url}"
    done = station.run(["curl", "--silent", "--max-time", "8", "--write-out", form, *options, url])
    page, _, last = done.stdout.rpartition("\n")
    code, _, location = last.partition(" ")
    return int(code or 0), location, page


def accept(station: Station, portal: str, **fields: str) -> tuple[int, str, str]:
    """Send the form as it stands on the page, ticked."""
    page = fetch(station, portal)[2]
    version = page.partition('name="terms" value="')[2].partition('"')[0]
    words = [f"{key}={value}" for key, value in {"agree": "yes", "terms": version, "lang": "vi", **fields}.items()]
    return fetch(station, portal, *[word for each in words for word in ("--data-urlencode", each)])


def eventually(question: Callable[[], object], seconds: float = 15.0) -> None:
    """Ask until the answer is true."""
    wait_until(question, "the answer is yes", seconds=seconds, step=0.3)
