"""Reading ``lots.csv`` and ``events.csv``: typed rows, or every fault with its line and column. No Django."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar

from .gs1 import GS1Error, normalise_gtin, validate_component
from .vocabulary import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOT_COLUMNS = (
    "gtin", "lot", "serial", "product_vi", "product_en", "producer", "producer_address", "origin_vi", "origin_en",
    "brand", "produced_on", "expires_on", "standards", "quantity", "unit",
)  # fmt: skip
EVENT_COLUMNS = ("gtin", "lot", "time", "type", "place", "description_vi", "description_en")
LOT_REQUIRED = ("lot", "product_vi", "producer", "producer_address", "origin_vi")
EVENT_REQUIRED = ("lot", "place", "description_vi")
PICTURE = "picture"
T = TypeVar("T")


class CsvError(ValueError):
    """All that is wrong with a file, one message a fault: ``file:line: column: what and what to do``."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot as its row says; dates and quantity in their plain written form, ``picture`` a file name or empty."""

    gtin: str
    lot: str
    serial: str
    fields: dict[str, str]
    picture: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as its row says."""

    gtin: str
    lot: str
    occurred_at: datetime
    kind: str
    place: str
    description_vi: str
    description_en: str


def _check_date(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _check_quantity(text: str) -> str:
    number = Decimal(text)
    if not number.is_finite() or number < 0:
        raise ValueError("expected a number, not negative")
    return text


def _check_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("expected a time with its zone, such as 2026-10-02T07:30+07:00")
    return moment


def _check_kind(text: str) -> str:
    if text not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}")
    return text


class _Row:
    """One row being read: collects faults instead of raising at the first one."""

    def __init__(self, where: str, values: dict[str, str], faults: list[str]) -> None:
        self.where, self.values, self.faults = where, values, faults
        self.sound = True

    def fault(self, column: str, message: str) -> None:
        self.sound = False
        self.faults.append(f"{self.where}: {column}: {message}")

    def require(self, columns: tuple[str, ...]) -> None:
        for column in columns:
            if not self.values[column]:
                self.fault(column, "is empty, but must say something")

    def take(self, column: str, check: Callable[[str], T], empty: T) -> T:
        """Return the column's checked value, or ``empty`` with the fault noted."""
        text = self.values[column]
        if not text:
            return empty
        try:
            return check(text)
        except (GS1Error, ValueError, InvalidOperation) as error:
            detail = "expected a number" if isinstance(error, InvalidOperation) else str(error)
            self.fault(column, f"{text!r}: {detail}")
            return empty


def _rows(path: Path, columns: tuple[str, ...], optional: tuple[str, ...], faults: list[str]) -> list[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CsvError([f"{path.name}: not UTF-8 at byte {error.start}; save the file as UTF-8"]) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = tuple(reader.fieldnames or ())
    if names not in (columns, (*columns, *optional)):
        raise CsvError([f"{path.name}:1: expected the columns {','.join(columns)}; found {','.join(names)}"])
    rows = []
    for record in reader:
        where = f"{path.name}:{reader.line_num}"
        if None in record or None in record.values():
            faults.append(f"{where}: expected {len(names)} values; quote a value that holds a comma")
            continue
        values = {name: unicodedata.normalize("NFC", (record.get(name) or "").strip()) for name in columns + optional}
        rows.append(_Row(where, values, faults))
    return rows


def load_lots(path: Path) -> list[LotRow]:
    """Return the lots of a file; raises CsvError with all that is wrong, OSError when it cannot be read."""
    faults: list[str] = []
    lots: list[LotRow] = []
    seen: dict[tuple[str, str, str], str] = {}
    for row in _rows(path, LOT_COLUMNS, (PICTURE,), faults):
        row.require(("gtin", *LOT_REQUIRED))
        gtin = row.take("gtin", normalise_gtin, "")
        lot = row.take("lot", lambda text: validate_component(text, "lot"), "")
        serial = row.take("serial", lambda text: validate_component(text, "serial"), "")
        fields = {name: row.values[name] for name in LOT_COLUMNS[3:]}
        for name, check in (("produced_on", _check_date), ("expires_on", _check_date), ("quantity", _check_quantity)):
            fields[name] = row.take(name, check, "")
        if fields["produced_on"] and fields["expires_on"] and fields["produced_on"] > fields["expires_on"]:
            row.fault("expires_on", f"{fields['expires_on']} is before produced_on {fields['produced_on']}")
        picture = row.values[PICTURE]
        if "/" in picture or picture.startswith("."):
            row.fault(PICTURE, f"{picture!r}: expected a plain file name in the folder pictures")
        if row.sound and (first := seen.setdefault((gtin, lot, serial), row.where)) != row.where:
            row.fault("lot", f"the same gtin, lot and serial stand at {first}")
        lots.append(LotRow(gtin, lot, serial, fields, picture))
    if faults:
        raise CsvError(faults)
    return lots


def load_events(path: Path) -> list[EventRow]:
    """Return the events of a file in order of time; raises CsvError with all that is wrong, OSError likewise."""
    faults: list[str] = []
    events: list[EventRow] = []
    seen: dict[tuple[str, str, datetime, str], str] = {}
    unread = datetime.max.replace(tzinfo=UTC)
    for row in _rows(path, EVENT_COLUMNS, (), faults):
        row.require(("gtin", "time", "type", *EVENT_REQUIRED))
        gtin = row.take("gtin", normalise_gtin, "")
        lot = row.take("lot", lambda text: validate_component(text, "lot"), "")
        moment = row.take("time", _check_moment, unread)
        kind = row.take("type", _check_kind, "")
        if row.sound and (first := seen.setdefault((gtin, lot, moment, kind), row.where)) != row.where:
            row.fault("time", f"the same lot, time and type stand at {first}")
        values = row.values
        events.append(
            EventRow(gtin, lot, moment, kind, values["place"], values["description_vi"], values["description_en"])
        )
    if faults:
        raise CsvError(faults)
    return sorted(events, key=lambda event: event.occurred_at)
