"""The hash chain over recorded events: canonical form, digest, and finding what was tampered with. Pure, no Django.

Each event carries the SHA-256 of the previous event's digest, a line feed, and its own canonical JSON (RFC 8785 in
spirit: keys sorted, no blanks, UTF-8, text in NFC; only text, null, whole numbers and mappings occur). Whoever edits,
removes, inserts or reorders an event changes a digest; whoever recomputes all that follow changes the head, which the
journal and every printed check report have kept.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GENESIS = "0" * 64
FaultKind = Literal["content", "link", "gap", "lot", "head"]


@dataclass(frozen=True, slots=True)
class Record:
    """One event as it stands in the database: its content, and the digests recorded with it."""

    chain: str
    sequence: int
    content: Mapping[str, Any]
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold, and where; ``sequence`` is None when a lot rather than an event is at fault."""

    kind: FaultKind
    chain: str
    sequence: int | None
    subject: str
    message: str


def _normalise(value: Any) -> Any:
    """Return ``value`` with text in NFC and moments as UTC with microseconds."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, dict):
        return {_normalise(key): _normalise(item) for key, item in value.items()}
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"not part of the canonical form: {type(value).__name__}")


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Return the one byte string that stands for ``content``."""
    normalised = _normalise(dict(content))
    return json.dumps(normalised, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def compute_digest(content: Mapping[str, Any], previous: str) -> str:
    """Return the event's digest in hexadecimal: SHA-256 over previous digest, line feed, canonical JSON."""
    return hashlib.sha256(previous.encode() + b"\n" + canonical_json(content)).hexdigest()


def _subject(record: Record) -> str:
    return f"{record.content.get('gtin')}/{record.content.get('lot')}"


def verify_chain(records: Iterable[Record]) -> list[Fault]:
    """Return what does not hold in one chain whose records come in order of ``sequence``; nothing is a good sign."""
    faults: list[Fault] = []
    expected, previous = 1, GENESIS
    for record in records:
        where = (record.chain, record.sequence, _subject(record))
        if record.sequence != expected:
            missing = f"{expected}" if record.sequence == expected + 1 else f"{expected} to {record.sequence - 1}"
            faults.append(Fault("gap", *where, f"event {missing} is missing before event {record.sequence}"))
        elif record.previous != previous:
            faults.append(Fault("link", *where, f"event {record.sequence} does not follow event {expected - 1}"))
        if compute_digest(record.content, record.previous) != record.digest:
            faults.append(Fault("content", *where, f"event {record.sequence} was changed after it was recorded"))
        expected, previous = record.sequence + 1, record.digest
    return faults
