"""Recording: the only code that writes lots and events. Each function is one transaction under the chain's lock."""

from __future__ import annotations

import hashlib
import io
import logging
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone
from PIL import Image, ImageOps, UnidentifiedImageError

from .chain import GENESIS, compute_digest
from .models import Event, Lot, Picture, plain_value
from .vocabulary import AMENDED, LOT_FIELDS, REGISTERED, VOID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

log = logging.getLogger("tracing.ledger")
PICTURE_SIDE = 480  # px: enough for a phone, some 30 KB
YEARS_AHEAD = 50  # GS1 General Specifications 7.12: from 51 on, two digits mean the past century
TEST_LOT_AGE = timedelta(hours=6)  # a test that was killed leaves its lot behind at most until the next one after this


class RecordError(ValueError):
    """What was asked cannot be recorded; the message is for staff, in Vietnamese."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, where and when, as told."""

    kind: str
    occurred_at: datetime
    place: str = ""
    description_vi: str = ""
    description_en: str = ""


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _append(lot: Lot, entry: Entry, *, by: str, corrects: Event | None = None, details: Mapping[str, Any]) -> Event:
    """Append to the lot's chain; the caller's transaction holds the lock until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tracing'), hashtext(%s))", [lot.chain])
    last = Event.objects.filter(chain=lot.chain).order_by("-sequence").values_list("sequence", "digest").first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    event = Event(
        chain=lot.chain,
        sequence=sequence,
        lot=lot,
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        place=_nfc(entry.place),
        description_vi=_nfc(entry.description_vi),
        description_en=_nfc(entry.description_en),
        corrects=corrects,
        details=dict(details),
        recorded_by=_nfc(by),
        recorded_at=timezone.now(),
        previous=previous,
    )
    event.digest = compute_digest(event.content(), previous)
    event.save(force_insert=True)
    # The journal is a second keeper of the chain's head: rewriting the table alone is found out.
    line = (lot.chain, sequence, str(lot), entry.kind, event.digest)
    transaction.on_commit(lambda: log.info("recorded chain=%s sequence=%d lot=%s kind=%s digest=%s", *line))
    return event


def refuse_far_expiry(expires_on: date | None) -> None:
    """Raise RecordError when the two digits of the year on a label would not be read as that year."""
    if expires_on and expires_on.year - timezone.localdate().year > YEARS_AHEAD:
        raise RecordError(f"Hạn sử dụng cách nay quá {YEARS_AHEAD} năm: nhãn chỉ ghi hai chữ số của năm.")


@transaction.atomic
def register_lot(
    gtin: str, lot: str, serial: str, fields: Mapping[str, Any], *, by: str, is_test: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Lot:  # fmt: skip
    """Record a new lot: its row, and the event that keeps its fields."""
    refuse_far_expiry(fields.get("expires_on"))
    row = Lot.objects.create(gtin=gtin, lot=lot, serial=serial, is_test=is_test, **fields)
    row.refresh_from_db()
    entry = Entry(REGISTERED, timezone.now())
    _append(row, entry, by=by, details={"fields": row.plain_fields(), **(details or {})})
    return row


@transaction.atomic
def amend_lot(
    lot: Lot, fields: Mapping[str, Any], *, by: str, reason: str = "", details: Mapping[str, Any] | None = None
) -> bool:
    """Change a lot's fields and record which; returns whether anything changed."""
    refuse_far_expiry(fields.get("expires_on"))
    lot = Lot.objects.select_for_update().get(pk=lot.pk)
    before = lot.plain_fields()
    changed = {name for name in LOT_FIELDS if name in fields and plain_value(fields[name]) != before[name]}
    if not changed and not details:
        return False
    for name in changed:
        setattr(lot, name, fields[name])
    lot.save(update_fields=sorted(changed)) if changed else None
    lot.refresh_from_db()
    after = {name: value for name, value in lot.plain_fields().items() if name in changed}
    was = {name: before[name] for name in changed}
    entry = Entry(AMENDED, timezone.now(), description_vi=reason)
    _append(lot, entry, by=by, details={"fields": after, "was": was, **(details or {})})
    return True


@transaction.atomic
def record_event(lot: Lot, entry: Entry, *, by: str, details: Mapping[str, Any] | None = None) -> Event:
    """Record an event; raises RecordError when it lies in the future."""
    _refuse_future(entry)
    return _append(lot, entry, by=by, details=details or {})


@transaction.atomic
def correct_event(
    event: Event, entry: Entry, *, by: str, reason: str, details: Mapping[str, Any] | None = None
) -> Event:
    """Record that ``event`` was wrong and what is right (kind ``void``: it did not happen). Nothing is overwritten.

    Raises RecordError when the event was already corrected: then the correction is what has to be corrected.
    """
    _refuse_future(entry)
    if event.kind in {REGISTERED, AMENDED, VOID}:
        raise RecordError("Ghi nhận này không đính chính được: hãy sửa thông tin lô hàng.")
    Lot.objects.select_for_update().get(pk=event.lot_id)
    if Event.objects.filter(corrects=event).exists():
        raise RecordError("Sự kiện này đã được đính chính: hãy đính chính ghi nhận mới nhất.")
    return _append(event.lot, entry, by=by, corrects=event, details={"reason": _nfc(reason), **(details or {})})


def _refuse_future(entry: Entry) -> None:
    if entry.occurred_at > timezone.now() + timedelta(minutes=5):
        raise RecordError("Thời gian của sự kiện ở tương lai: chỉ ghi việc đã xảy ra.")


@transaction.atomic
def delete_test_lot(lot: Lot) -> None:
    """Remove a test lot and its chain; raises RecordError for any other."""
    if not lot.is_test:
        raise RecordError("Chỉ xóa được lô thử nghiệm.")
    Event.objects.filter(lot=lot).order_by("-sequence").delete()
    lot.delete()


def delete_stale_test_lots() -> int:
    """Remove the test lots that a broken-off test left behind; returns how many."""
    stale = list(Lot.objects.filter(is_test=True, created_at__lt=timezone.now() - TEST_LOT_AGE))
    for lot in stale:
        delete_test_lot(lot)
    return len(stale)


def keep_picture(data: bytes) -> str:
    """Store a picture, made small, upright and without its metadata (a phone's tells the place); return its digest.

    Raises RecordError when it is no picture.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            small = ImageOps.exif_transpose(image).convert("RGBA")
            small.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
            flat = Image.new("RGB", small.size, "white")
            flat.paste(small, mask=small)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError) as error:
        raise RecordError("Tệp ảnh không đọc được: hãy dùng ảnh JPEG, PNG hoặc WebP.") from error
    output = io.BytesIO()
    flat.save(output, "JPEG", quality=78, optimize=True, progressive=True)
    digest = hashlib.sha256(output.getvalue()).hexdigest()
    Picture.objects.get_or_create(digest=digest, defaults={"data": output.getvalue()})
    return digest
