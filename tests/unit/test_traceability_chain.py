"""The hash chain: one canonical form, and every way of tampering found and named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit import traceability_app  # puts the application on the path
from tracing.chain import GENESIS, Record, canonical_json, compute_digest, verify_chain


def build_chain(length: int) -> list[Record]:
    """Return a sound chain."""
    records: list[Record] = []
    previous = GENESIS
    for sequence in range(1, length + 1):
        content = {"gtin": traceability_app.GTIN, "lot": "A", "place": f"nơi {sequence}", "sequence": sequence}
        digest = compute_digest(content, previous)
        records.append(Record("live", sequence, content, previous, digest))
        previous = digest
    return records


def edit(record: Record) -> Record:
    """Return the record with another place, its digests as they were."""
    return replace(record, content={**record.content, "place": "nơi khác"})


def forge(record: Record) -> Record:
    """Return the record edited by someone who recomputes its own digest."""
    return replace(edited := edit(record), digest=compute_digest(edited.content, edited.previous))


def test_sound_chain_has_no_fault() -> None:
    """What nobody touched verifies, an empty chain too."""
    assert verify_chain(build_chain(5)) == []
    assert verify_chain([]) == []


@pytest.mark.parametrize(
    ("tamper", "kind", "sequence"),
    [
        (lambda c: [c[0], edit(c[1]), *c[2:]], "content", 2),
        (lambda c: [c[0], forge(c[1]), *c[2:]], "link", 3),
        (lambda c: [c[0], *c[2:]], "gap", 3),
        (lambda c: c[1:], "gap", 2),
        (lambda c: [c[0], c[2], c[1], *c[3:]], "gap", 3),
        (lambda c: [*c[:2], replace(c[2], previous=GENESIS), *c[3:]], "link", 3),
        (lambda c: [*c[:2], replace(c[2], digest="f" * 64), *c[3:]], "content", 3),
    ],
    ids=["edited", "forged", "removed", "first removed", "swapped", "unhooked", "other digest"],
)
def test_tampering_is_found_and_named(tamper: Any, kind: str, sequence: int) -> None:
    """The first fault says what was done and at which event."""
    faults = verify_chain(tamper(build_chain(5)))

    assert (faults[0].kind, faults[0].sequence) == (kind, sequence)
    assert faults[0].subject == "08938505974019/A"
    assert str(sequence) in faults[0].message


def test_canonical_form_knows_equal_statements() -> None:
    """Order of keys, composition of Vietnamese letters and the time's zone change nothing."""
    moment = datetime(2026, 11, 24, 7, tzinfo=timezone(timedelta(hours=7)))
    one = {"place": "Phủ Thông", "at": moment, "details": {"b": None, "a": 1}}
    other = {"details": {"a": 1, "b": None}, "at": moment.astimezone(UTC), "place": "Phủ Thông"}

    assert canonical_json(one) == canonical_json(other)
    assert "2026-11-24T00:00:00.000000+00:00" in canonical_json(one).decode()


@pytest.mark.parametrize("value", [1.5, True, [1], b"x"])
def test_canonical_form_refuses_ambiguous_values(value: object) -> None:
    """What has more than one written form is no part of a record."""
    with pytest.raises(TypeError):
        canonical_json({"value": value})
