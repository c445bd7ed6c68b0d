"""What Kea writes of its leases: a CSV file that grows by a line at each assignment, and is tidied up every hour.

Before the tidying the old lines are in files of the same name with ``.2`` and ``.1`` behind (Kea's manual, "memfile").
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from commune_wifi.store import Lease

_LIVE = "0"


def parse(text: str) -> list[Lease]:
    """Return the leases in lines of Kea's file; one that was given back, or is nobody's any more, has ``until`` 0."""
    found = []
    for row in csv.reader(io.StringIO(text)):
        if len(row) < 10 or not row[3].isdecimal() or not row[4].isdecimal():
            continue  # the header
        address, mac, lifetime, expires, state = row[0], row[1].lower(), int(row[3]), int(row[4]), row[9]
        if not mac:
            continue
        live = state == _LIVE and lifetime > 0
        found.append(Lease(address, mac, expires - lifetime, expires if live else 0))
    return found


class LeaseFile:
    """Reads what is new in the file; ``current`` has the last lease of each address."""

    def __init__(self, path: str | Path, inode: int = 0, offset: int = 0) -> None:
        self.path = Path(path)
        self.inode, self.offset = inode, offset
        self.current: dict[str, Lease] = {}
        for lease in self._all():
            self.current[lease.address] = lease

    def _all(self) -> list[Lease]:
        return [lease for suffix in (".2", ".1", "") for lease in parse(self._text(suffix))]

    def _text(self, suffix: str, offset: int = 0) -> str:
        try:
            with Path(f"{self.path}{suffix}").open("rb") as file:
                file.seek(offset)
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def news(self) -> list[Lease]:
        """Return the leases written since the last time; of whole lines only."""
        try:
            with self.path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                same = inode == self.inode
                file.seek(self.offset if same else 0)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        found = [] if same else parse(self._text(".2")) + parse(self._text(".1"))
        found += parse(whole.decode(errors="replace"))
        self.offset = (self.offset if same else 0) + len(whole)
        self.inode = inode
        for lease in found:
            self.current[lease.address] = lease
        return found

    def of(self, address: str, now: float) -> Lease | None:
        """Return the lease of an address that holds now."""
        lease = self.current.get(address)
        return lease if lease is not None and lease.until > now else None
