"""The programs of the citizens' Wi-Fi for their tests, with a kernel and a clock of the tests' own."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartcommune import paths

ROLE = paths.checkout() / "roles" / "wifi_gateway"
if str(ROLE / "files" / "app") not in sys.path:
    sys.path.insert(0, str(ROLE / "files" / "app"))

from commune_wifi.gate import Gate  # type: ignore[import-not-found]  # noqa: E402
from commune_wifi.settings import KeeperSettings  # type: ignore[import-not-found]  # noqa: E402
from commune_wifi.store import Store  # type: ignore[import-not-found]  # noqa: E402
from commune_wifi.table import Device, Entry, TableError  # type: ignore[import-not-found]  # noqa: E402

HEADER = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"
)
MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
ADDRESS = "10.20.4.100"
NOON = 1_764_046_800  # 2025-11-25 12:00 in Viet Nam
TERMS = "abc"


@dataclass
class FakeSets:
    """The kernel's two sets; understands what ``add_script`` and ``remove_script`` write."""

    clock: Clock
    out: dict[object, list[int]] = field(default_factory=dict)  # device: [until, up, down]
    broken: bool = False

    def read(self) -> dict[object, object]:
        """Return who is let out."""
        if self.broken:
            raise TableError("no such table")
        now = self.clock()
        return {d: Entry(e[0] - int(now), e[1], e[2], whole=True) for d, e in self.out.items() if e[0] > now}

    def write(self, script: str) -> None:
        """Take commands."""
        if self.broken:
            raise TableError("no such table")
        for verb, mac, address, seconds in re.findall(
            r"(add|delete) element inet commune_wifi accepted \{ (\S+) \. (\S+)(?: timeout (\d+)s)? \}", script
        ):
            device = Device(mac, address)
            if verb == "delete":
                self.out.pop(device, None)
            else:
                self.out.setdefault(device, [int(self.clock()) + int(seconds or 9**9), 0, 0])

    def move(self, up: int, down: int) -> None:
        """Let the first device send and receive."""
        entry = next(iter(self.out.values()))
        entry[1] += up
        entry[2] += down


@dataclass
class Clock:
    """A clock that the tests set."""

    now: float = float(NOON)

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class World:
    """A gate with all that is around it, in a folder."""

    folder: Path
    changes: dict[str, object] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    neighbours: dict[str, str] = field(default_factory=lambda: {ADDRESS: MAC})
    store: Any = None

    def __post_init__(self) -> None:
        self.sets = FakeSets(self.clock)
        self.leases = self.folder / "leases.csv"
        self.leases.write_text(HEADER, encoding="utf-8")
        self.give(ADDRESS, MAC)
        self.start()

    def start(self) -> None:
        """Start the program, anew with what is on the disk."""
        self.close()
        settings = {
            "database": str(self.folder / "wifi.db"),
            "leases": str(self.leases),
            "interface": "wifi",
            "prefix": "10.20.4.0/24",
            "terms_version": TERMS,
            "session_seconds": 7200,
            "daily_bytes": 1000,
            "vouchers": False,
            "log_days": 31,
        }
        own = KeeperSettings(**{**settings, **self.changes})
        self.store = Store(own.database)
        self.gate = Gate(own, self.store, self.sets, lambda _, address: self.neighbours.get(address), self.clock)
        self.gate.tick()

    def close(self) -> None:
        """End the program."""
        if self.store is not None:
            self.store.close()

    def give(self, address: str, mac: str, lifetime: int = 3600, state: int = 0) -> None:
        """Let the DHCP server write a line."""
        expire = int(self.clock()) + lifetime
        with self.leases.open("a", encoding="utf-8") as file:
            file.write(f"{address},{mac},,{lifetime},{expire},1,0,0,,{state},,0\n")

    def ask(self, ask: str, address: str = ADDRESS, **words: object) -> dict[str, object]:
        """Ask as the portal does."""
        return dict(self.gate.answer({"ask": ask, "address": address, **words}))

    def accept(self, address: str = ADDRESS, **words: object) -> dict[str, object]:
        """Accept the terms of now."""
        return self.ask("accept", address, **{"terms": TERMS, **words})

    @property
    def devices(self) -> set[str]:
        """The devices that are let out."""
        return {device.mac for device in self.sets.read()}  # type: ignore[attr-defined]
