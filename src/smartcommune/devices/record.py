"""What the toolkit remembers of a device: its pinned host key, what was last confirmed, and every configuration seen.

``.state/<profile>/<target>/devices/<name>/``: ``record.json`` and ``backups/<UTC stamp>.cfg``, for root alone. A
configuration that was seen before is not kept twice in a row.
"""

from __future__ import annotations

import hashlib
import json
import secrets as randomness
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KEEP = 200  # backups of one device


@dataclass(frozen=True, slots=True)
class Record:
    """Remembered of one device. Times are seconds since the epoch.

    ``digests`` says of each secret which value the device was given last (salted, so that it tells nothing);
    ``confirmed`` which rendered configuration was confirmed and saved; ``armed_until`` that a change was begun and
    neither confirmed nor seen undone.
    """

    host_key: str = ""
    salt: str = ""
    digests: tuple[tuple[str, str], ...] = ()
    confirmed: str = ""
    armed_until: float = 0.0
    armed_mode: str = ""
    armed_takeover: bool = True


@dataclass(frozen=True, slots=True)
class Keeper:
    """Reads and writes what is remembered of one device in ``folder``."""

    folder: Path

    @property
    def met(self) -> bool:
        """Whether the toolkit has been on the device before."""
        return (self.folder / "record.json").exists()

    def load(self) -> Record:
        """Return the record; an empty one for a device never met."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "record.json").read_bytes())
        except FileNotFoundError:
            return Record()
        found["digests"] = tuple((name, digest) for name, digest in found["digests"])
        return Record(**found)

    def keep(self, record: Record, **changes: Any) -> Record:
        """Write a changed record, whole or not at all, and return it."""
        record = replace(record, **changes)
        self._folder()
        write_whole(self.folder / "record.json", json.dumps(asdict(record), indent=2) + "\n", mode=0o600)
        return record

    def back_up(self, configuration: str) -> Path:
        """Keep a configuration that was seen, unless it is the one seen last; return its file."""
        backups = self.backups()
        if backups and backups[-1].read_text(encoding="utf-8") == configuration:
            return backups[-1]
        self._folder()
        (self.folder / "backups").mkdir(mode=0o700, exist_ok=True)
        kept = self.folder / "backups" / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.cfg"
        write_whole(kept, configuration, mode=0o600)
        for old in backups[: max(0, len(backups) + 1 - KEEP)]:
            old.unlink()
        return kept

    def backups(self) -> list[Path]:
        """Return the kept configurations, oldest first."""
        return sorted((self.folder / "backups").glob("*.cfg"))

    def _folder(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)


def keeper_of(deployment: Path, device: str) -> Keeper:
    """Return the keeper of a device by its name; ``deployment`` is the folder of the commune's state on its target."""
    return Keeper(deployment / "devices" / device)


def digest(record: Record, value: str) -> str:
    """Return what stands for a secret's value in the record."""
    return hashlib.sha256(f"{record.salt}:{value}".encode()).hexdigest()[:32]


def due(record: Record, names: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets that the device was not given yet as they are now."""
    known = dict(record.digests)
    return tuple(name for name in sorted(names) if known.get(name) != digest(record, values.get(name, "")))


def given(record: Record, names: Iterable[str], values: Mapping[str, str]) -> Record:
    """Return the record of a device that was given these secrets."""
    salted = record if record.salt else replace(record, salt=randomness.token_hex(16))
    digests = dict(salted.digests) | {name: digest(salted, values[name]) for name in names}
    return replace(salted, digests=tuple(sorted(digests.items())))


def configuration_digest(wanted: str) -> str:
    """Return what stands for a rendered configuration in the record."""
    return hashlib.sha256(wanted.encode()).hexdigest()
