"""What the role tells the programs: one JSON file each, as frozen data."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

VIETNAM = 7 * 3600  # seconds east of Greenwich, all the year
DAY = 86400


def _known(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return those of the values that a settings class has, lists as tuples."""
    names = {field.name for field in fields(kind)}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key in names}


@dataclass(frozen=True)
class KeeperSettings:
    """What the keeper goes by; sizes in bytes, times in seconds."""

    database: str
    leases: str
    interface: str
    prefix: str  # of the zone; other zones' leases are not for this log
    terms_version: str
    session_seconds: int
    daily_bytes: int  # 0: no limit
    vouchers: bool
    log_days: int
    tick_seconds: float = 3.0

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read them from their file."""
        return cls(**_known(cls, json.loads(Path(path).read_text(encoding="utf-8"))))


@dataclass(frozen=True)
class PortalSettings:
    """What the portal shows; ``address`` is its own, ``pages`` are titles and addresses of the commune's."""

    address: str
    keeper: str
    commune: str
    contact: str
    terms: tuple[str, ...]
    terms_version: str
    session_hours: int
    daily_megabytes: int
    down_mbit: float
    up_mbit: float
    vouchers: bool
    log_days: int
    pages: tuple[dict[str, str], ...] = ()

    @property
    def url(self) -> str:
        """The portal's own address."""
        return f"http://{self.address}/"

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read them from their file."""
        return cls(**_known(cls, json.loads(Path(path).read_text(encoding="utf-8"))))


def day_of(moment: float) -> int:
    """Return the number of the day in Viet Nam that a moment belongs to."""
    return int(moment + VIETNAM) // DAY


def next_day(moment: float) -> float:
    """Return when the next day begins in Viet Nam."""
    return float((day_of(moment) + 1) * DAY - VIETNAM)
