"""Importing the profile's lots and events: what is new is recorded, what differs is corrected, the rest stays."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction

from .chain import canonical_json, compute_digest
from .csvfiles import CsvError, EventRow, LotRow, load_events, load_lots
from .ledger import Entry, RecordError, amend_lot, correct_event, keep_picture, record_event, register_lot
from .models import Event, Lot
from .vocabulary import AMENDED, REGISTERED, VOID

if TYPE_CHECKING:
    from pathlib import Path

LOT_KINDS = (REGISTERED, AMENDED)
BY = "Hồ sơ địa phương"  # who recorded what a profile says


@dataclass(slots=True)
class Outcome:
    """How many of each were found; ``changed`` is what the import did, or would do."""

    lots_new: int = 0
    lots_amended: int = 0
    events_new: int = 0
    events_corrected: int = 0
    unchanged: int = 0
    subjects: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many records the import adds."""
        return self.lots_new + self.lots_amended + self.events_new + self.events_corrected


def _row_digest(content: dict[str, Any]) -> str:
    return compute_digest({"row": canonical_json(content).decode()}, "import")


def _columns(row: LotRow) -> dict[str, Any]:
    """Return the row's fields as the lots' table takes them."""
    fields: dict[str, Any] = dict(row.fields)
    for name in ("produced_on", "expires_on"):
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    return fields


def _import_lot(row: LotRow, pictures: Path | None, outcome: Outcome) -> None:
    """Register the lot, or amend it when its row differs from the row imported last (staff's own changes stay)."""
    data = (pictures / row.picture).read_bytes() if row.picture and pictures else b""
    # by the file's own bytes: how a picture is made small may differ from one release to the next
    kept_row = {**row.fields, "picture": hashlib.sha256(data).hexdigest() if data else ""}
    subject = f"{row.gtin}/{row.lot}" + (f"/{row.serial}" if row.serial else "")
    lot = Lot.objects.filter(gtin=row.gtin, lot=row.lot, serial=row.serial).first()
    kept = lot.events.filter(details__has_key="row", kind__in=LOT_KINDS).order_by("-sequence").first() if lot else None
    before = kept.details["row"] if kept else {}
    if before == kept_row:
        outcome.unchanged += 1
        return
    changed: dict[str, Any] = {
        name: value for name, value in _columns(row).items() if before.get(name) != row.fields[name]
    }
    if before.get("picture", "") != kept_row["picture"]:
        changed["picture_digest"] = keep_picture(data) if data else ""
    if lot is None:
        register_lot(row.gtin, row.lot, row.serial, changed, by=BY, details={"row": kept_row})
        outcome.lots_new += 1
    else:
        amend_lot(lot, changed, by=BY, reason="Hồ sơ địa phương thay đổi", details={"row": kept_row})
        outcome.lots_amended += 1
    outcome.subjects.append(subject)


def _newest(event: Event) -> Event:
    """Return the end of an event's corrections."""
    while (correction := Event.objects.filter(corrects=event).first()) is not None:
        event = correction
    return event


def _import_event(row: EventRow, outcome: Outcome) -> None:
    """Record the event, or correct it when its row differs from the one of that lot, time and type imported last."""
    lots = list(Lot.objects.filter(gtin=row.gtin, lot=row.lot))
    if not lots:
        raise RecordError(f"events.csv: lô {row.gtin}/{row.lot} không có trong lots.csv")
    entry = Entry(row.kind, row.occurred_at, row.place, row.description_vi, row.description_en)
    key = f"{row.occurred_at.timestamp():.0f} {row.kind}"
    mark = {"key": key, "row": _row_digest(asdict(row))}
    for lot in lots:
        kept = lot.events.filter(details__key=key).order_by("-sequence").first()
        if kept is not None and kept.details["row"] == mark["row"]:
            outcome.unchanged += 1
            continue
        newest = _newest(kept) if kept else None
        # what staff withdrew stays withdrawn: a changed row is a new statement
        if newest is None or newest.kind == VOID:
            record_event(lot, entry, by=BY, details=mark)
            outcome.events_new += 1
        else:
            correct_event(newest, entry, by=BY, reason="Hồ sơ địa phương thay đổi", details=mark)
            outcome.events_corrected += 1
        outcome.subjects.append(f"{lot} {row.kind} {row.occurred_at.isoformat()}")


def import_files(lots: Path | None, events: Path | None, *, dry_run: bool) -> Outcome:
    """Import both files in one transaction, rolled back on a dry run.

    Raises CsvError with all that is wrong with a file, RecordError, OSError when a file or picture cannot be read.
    """
    lot_rows = load_lots(lots) if lots else []
    event_rows = load_events(events) if events else []
    pictures = lots.parent / "pictures" if lots else None
    missing = [row.picture for row in lot_rows if row.picture and pictures and not (pictures / row.picture).is_file()]
    if missing:
        raise CsvError([f"lots.csv: picture: pictures/{name} is missing" for name in missing])
    outcome = Outcome()
    with transaction.atomic():
        for lot_row in lot_rows:
            _import_lot(lot_row, pictures, outcome)
        for event_row in event_rows:
            _import_event(event_row, outcome)
        transaction.set_rollback(dry_run)
    return outcome
