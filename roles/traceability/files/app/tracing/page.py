"""The public page of a lot as data: what the template only has to lay out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from .verification import verify_lot
from .vocabulary import ALL_KINDS, AMENDED, FIELDS, RECALL, REGISTERED, VOID, Label

if TYPE_CHECKING:
    from datetime import datetime

    from .models import Event, Lot

BILINGUAL = ("product", "origin")
EXTRA_LABELS = {"unit": Label("Đơn vị", "Unit"), "picture_digest": Label("Hình ảnh", "Picture")}
LABELS = {field.name: field.label for field in FIELDS} | EXTRA_LABELS


@dataclass(frozen=True, slots=True)
class Row:
    """A field and its value; ``value`` is one text, or both languages."""

    label: Label
    value: Label
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """An event on the way, with what was corrected about it."""

    event: Event
    label: Label
    description: Label
    superseded: bool
    withdrawn: bool
    corrects: Event | None
    reason: str
    changes: tuple[tuple[Label, str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page shows."""

    lot: Lot
    rows: tuple[Row, ...]
    steps: tuple[Step, ...]
    recalled: bool
    expired: bool
    valid: bool
    faults: tuple[str, ...]
    entries: int
    head: str
    checked_at: datetime


def _show(value: Any) -> str:
    """Return a value for the eye: dates as they are written in Viet Nam."""
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else str(value or "")


def _show_recorded(name: str, value: str) -> str:
    """Return a recorded field's text for the eye."""
    if name in {"produced_on", "expires_on"} and value:
        return _show(date.fromisoformat(value))
    return value[:12] if name == "picture_digest" else value


def _rows(lot: Lot) -> tuple[Row, ...]:
    rows = []
    for field in FIELDS:
        if field.name == "picture":
            continue
        if field.name in BILINGUAL:
            vietnamese = getattr(lot, f"{field.name}_vi")
            value = Label(vietnamese, getattr(lot, f"{field.name}_en") or vietnamese)
        elif field.name == "quantity" and lot.quantity:
            value = Label(f"{lot.quantity} {lot.unit}".strip(), f"{lot.quantity} {lot.unit}".strip())
        else:
            text = _show(getattr(lot, field.name))
            value = Label(text, text)
        if value.vi:
            rows.append(Row(field.label, value, field.source))
    return tuple(rows)


def _field_label(name: str) -> Label:
    stem, _, language = name.rpartition("_")
    if stem in BILINGUAL:
        label = LABELS[stem]
        return Label(f"{label.vi} ({language})", f"{label.en} ({language})")
    return LABELS[name]


def _step(event: Event, corrections: dict[int, Event]) -> Step:
    correction = corrections.get(event.pk)
    changes = ()
    if event.kind == AMENDED:
        fields, was = event.details.get("fields", {}), event.details.get("was", {})
        changes = tuple(
            (_field_label(name), _show_recorded(name, was.get(name, "")), _show_recorded(name, fields[name]))
            for name in sorted(fields)
        )
    return Step(
        event=event,
        label=ALL_KINDS[event.kind].label,
        description=Label(event.description_vi, event.description_en or event.description_vi),
        superseded=correction is not None,
        withdrawn=correction is not None and correction.kind == VOID,
        corrects=event.corrects,
        reason=event.details.get("reason", ""),
        changes=changes,
    )


def build_page(lot: Lot) -> Page:
    """Return the page's content, events in order of time; verifies the lot's part of the chain."""
    events, faults = verify_lot(lot)
    corrections = {event.corrects_id: event for event in events if event.corrects_id}
    steps = [_step(event, corrections) for event in events if event.kind != REGISTERED or len(events) == 1]
    steps = [step for step in steps if step.event.kind != AMENDED or step.changes]
    return Page(
        lot=lot,
        rows=_rows(lot),
        steps=tuple(sorted(steps, key=lambda step: (step.event.occurred_at, step.event.sequence))),
        recalled=any(step.event.kind == RECALL and not step.superseded for step in steps),
        expired=lot.is_expired(timezone.localdate()),
        valid=not faults and bool(events),
        faults=tuple(fault.message for fault in faults),
        entries=len(events),
        head=events[-1].digest if events else "",
        checked_at=timezone.localtime(),
    )
