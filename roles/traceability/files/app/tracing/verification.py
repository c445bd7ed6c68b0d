"""Checking the chains against themselves and the lots' table against the chains, and showing that faults are found."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .chain import GENESIS, Fault, Record, compute_digest, verify_chain
from .models import Event, Lot
from .vocabulary import AMENDED, REGISTERED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def load_records(**conditions: Any) -> list[Record]:
    """Return the recorded events in order of chain and sequence."""
    events = Event.objects.filter(**conditions).select_related("lot", "corrects").order_by("chain", "sequence")
    return [event.record() for event in events.iterator(chunk_size=2000)]


def verify_records(records: Sequence[Record]) -> list[Fault]:
    """Return the faults of all chains; ``records`` come in order of chain and sequence."""
    return [fault for _, chain in groupby(records, key=lambda record: record.chain) for fault in verify_chain(chain)]


def verify_lots(records: Sequence[Record], lots: Sequence[Lot]) -> list[Fault]:
    """Return the lots whose row does not say what the chain recorded."""
    recorded: dict[tuple[str, str, str], dict[str, str]] = {}
    for record in records:
        content = record.content
        if content["kind"] in {REGISTERED, AMENDED}:
            key = (content["gtin"], content["lot"], content["serial"])
            recorded.setdefault(key, {}).update(content["details"].get("fields", {}))
    faults = []
    for lot in lots:
        stands = lot.plain_fields()
        fields = recorded.get((lot.gtin, lot.lot, lot.serial))
        if fields is None:
            faults.append(Fault("lot", lot.chain, None, str(lot), "the lot has no registration in the chain"))
        elif changed := sorted(name for name in stands if stands[name] != fields.get(name)):
            message = f"the lot's {', '.join(changed)} differ from what the chain recorded"
            faults.append(Fault("lot", lot.chain, None, str(lot), message))
    return faults


def verify_all() -> tuple[list[Record], list[Fault]]:
    """Return all records and all faults."""
    records = load_records()
    return records, verify_records(records) + verify_lots(records, list(Lot.objects.all()))


def verify_lot(lot: Lot) -> tuple[list[Event], list[Fault]]:
    """Return a lot's events, and what is wrong with them or with how they hang on their neighbours in the chain."""
    events = list(lot.events.select_related("lot", "corrects").order_by("sequence"))
    before = dict(
        Event.objects.filter(chain=lot.chain, sequence__in=[event.sequence - 1 for event in events]).values_list(
            "sequence", "digest"
        )
    )
    faults = []
    for event in events:
        record = event.record()
        where = (record.chain, record.sequence, str(lot))
        if compute_digest(record.content, record.previous) != record.digest:
            faults.append(Fault("content", *where, f"event {record.sequence} was changed after it was recorded"))
        if record.previous != (before.get(event.sequence - 1) if event.sequence > 1 else GENESIS):
            faults.append(Fault("link", *where, f"event {record.sequence} does not follow the one before"))
    return events, faults + verify_lots([event.record() for event in events], [lot])


def _edit(record: Record) -> Record:
    return replace(record, content={**record.content, "place": f"{record.content['place']}*"})


def _forge(record: Record) -> Record:
    """An edit by someone who recomputes the event's own digest, too."""
    forged = _edit(record)
    return replace(forged, digest=compute_digest(forged.content, forged.previous))


TAMPERINGS: dict[str, Callable[[list[Record], int], list[Record]]] = {
    "edit": lambda chain, at: [*chain[:at], _edit(chain[at]), *chain[at + 1 :]],
    "forge": lambda chain, at: [*chain[:at], _forge(chain[at]), *chain[at + 1 :]],
    "remove": lambda chain, at: [*chain[:at], *chain[at + 1 :]],
    "swap": lambda chain, at: [*chain[:at], chain[at + 1], chain[at], *chain[at + 2 :]],
}


def prove_detection(records: Sequence[Record]) -> dict[str, bool]:
    """Tamper with a copy of a chain in each way, and tell whether the fault was found at the right place.

    The event tampered with is the last but one, or an invented pair when the chain is shorter than two.
    """
    chain = [record for record in records if record.chain == "live"]
    if len(chain) < 2:
        first_content, second_content = {"place": "a", "details": {}}, {"place": "b", "details": {}}
        first = Record("live", 1, first_content, GENESIS, compute_digest(first_content, GENESIS))
        chain = [first, Record("live", 2, second_content, first.digest, compute_digest(second_content, first.digest))]
    at = len(chain) - 2
    named = {chain[at].sequence, chain[at + 1].sequence}
    known = {(fault.kind, fault.sequence) for fault in verify_chain(chain)}
    results = {}
    for name, tamper in TAMPERINGS.items():
        found = [fault for fault in verify_chain(tamper(chain, at)) if (fault.kind, fault.sequence) not in known]
        results[name] = bool(found) and found[0].sequence in named
    return results
