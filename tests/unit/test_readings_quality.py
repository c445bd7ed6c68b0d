"""Flags, alerts, silence and numbers of the readings: pure functions."""

from __future__ import annotations

import json
import random
from contextlib import closing
from datetime import timedelta

import pytest

from tests.unit.ingest_double import IngestDouble
from tests.unit.readings_app import GATEWAY, NOW, ROLE, SERVER, settings

assert ROLE.is_dir()

from readings_server.batches import BatchError, advance, parse_batch  # noqa: E402
from readings_server.quality import Past, Rule, alert_changes, is_silent, judge  # noqa: E402

RULE = Rule("mg/L", 900, (0, 40), spike=5, flat_after=21600, minimum=3.5, maximum=20)
QUARTER = timedelta(minutes=15)


def follow(values, *, step=QUARTER, rule=RULE):
    """Judge values measured one after the other; return the flags of each."""
    past, seen = None, []
    for index, value in enumerate(values):
        time = NOW + index * step
        flags, past = judge(rule, past, value, time, time)
        seen.append(flags)
    return seen


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ([6, 6.1, 6.2], [(), (), ()]),
        ([6, 41, -1, 6], [(), ("out_of_range",), ("out_of_range",), ()]),
        ([6, 14, 6.1], [(), ("spike",), ()]),
        ([6, 14, 14.2, 14.1], [(), ("spike",), (), ()]),
        ([6, 14, 22, 6], [(), ("spike",), ("spike",), ()]),
        ([41, 6], [("out_of_range",), ()]),
    ],
    ids=["ordinary", "impossible", "a jump and back", "a jump that stays", "jump on jump", "impossible at first"],
)
def test_flags_of_values(values, flags):
    """What is impossible and what jumps is flagged; a jump that the next reading confirms is a change."""
    assert follow(values) == flags


def test_a_fouled_probe_stands_still():
    """One value for six hours is a flat line, from then on, until it moves."""
    seen = follow([6.0] * 26 + [6.1])

    assert [index for index, flags in enumerate(seen) if flags == ("flat_line",)] == [24, 25]


@pytest.mark.parametrize(
    ("after", "delay", "flags"),
    [
        (QUARTER, timedelta(0), ()),
        (2 * QUARTER, timedelta(0), ()),
        (3 * QUARTER, timedelta(0), ("missing",)),
        (QUARTER, timedelta(minutes=31), ("late",)),
        (QUARTER, timedelta(minutes=-6), ("ahead",)),
        (-QUARTER, timedelta(minutes=46), ("late",)),
    ],
)
def test_flags_of_time(after, delay, flags):
    """A gap, a reading that came late, and one from a clock that is ahead are flagged."""
    past = Past(NOW, 6, 6, None, NOW)
    time = NOW + after

    assert judge(RULE, past, 6.1, time, time + delay)[0] == flags


@pytest.mark.parametrize(("after", "delay"), [(-QUARTER, timedelta(0)), (QUARTER, -timedelta(hours=9))])
def test_what_is_out_of_order_is_not_remembered(after, delay):
    """Neither an old reading nor one from the future changes what the next one is compared with."""
    past = Past(NOW, 6, 6, None, NOW)

    assert judge(RULE, past, 9, NOW + after, NOW + after + delay)[1] is past


@pytest.mark.parametrize(
    ("standing", "value", "flags", "begins", "ends"),
    [
        ((), 3.4, (), {"low"}, set()),
        (("low",), 3.4, (), set(), set()),
        (("low",), 3.52, (), set(), set()),
        (("low",), 3.6, (), set(), {"low"}),
        ((), 3.5, (), set(), set()),
        ((), 20.5, (), {"high"}, set()),
        (("high",), 19.9, (), set(), set()),
        (("high",), 19, (), set(), {"high"}),
        ((), 0.1, ("spike",), set(), set()),
        ((), -1, ("out_of_range",), set(), set()),
        ((), 6, ("flat_line",), {"flat_line"}, set()),
        (("flat_line",), 6, (), set(), {"flat_line"}),
        (("flat_line",), 99, ("out_of_range",), set(), set()),
    ],
)
def test_an_alert_begins_once_and_ends_once(standing, value, flags, begins, ends):
    """A limit passed begins an alert; back inside by a margin ends it; what is not believed does neither."""
    assert alert_changes(RULE, frozenset(standing), value, flags) == (begins, ends)


@pytest.mark.parametrize(
    ("last", "started", "silent"),
    [(10, 600, False), (47, 600, True), (45, 600, False), (47, 5, False), (None, 45, False), (None, 47, True)],
)
def test_silence_counts_while_somebody_listens(last, started, silent):
    """Three periods and a minute without a reading are silence, but not the time before the server listened."""
    heard = None if last is None else NOW - timedelta(minutes=last)

    assert is_silent(900, heard, NOW - timedelta(minutes=started), NOW) is silent


def test_numbers_are_held_as_the_protocol_says():
    """Whatever is lost, repeated or out of order, the server says what the protocol's double says."""
    chance = random.Random(5)
    nothing = dict.fromkeys(("sensor", "quantity", "time", "raw", "value", "unit"), 0)
    through, held, oldest = None, set(), 1000
    with closing(IngestDouble()) as double:
        for _ in range(200):
            numbers = [number for number in range(oldest, oldest + 12) if chance.random() < 0.7]
            rows = [{**nothing, "sequence": number} for number in numbers]
            said = json.loads(double.take(json.dumps({"oldest": oldest, "readings": rows})))["through"]
            held |= set(numbers)
            through = advance(max(through if through is not None else 0, oldest - 1), held)
            assert through == said
            oldest = max(oldest, through + 1 - chance.randrange(3))


def row(**changes):
    """Return a row as a gateway sends it."""
    sent = {"sequence": 5, "sensor": "ao-1", "quantity": "dissolved_oxygen", "time": "2026-11-24T05:00:00.250Z"}
    return sent | {"raw": 6.4, "value": 6.5, "unit": "mg/L"} | changes


def test_a_batch_is_read():
    """Times become UTC, numbers floats."""
    batch = parse_batch(
        json.dumps({"oldest": 4, "readings": [row(time="2026-11-24T12:00:00+07:00", value=6)]}).encode()
    )

    assert (batch.oldest, batch.rows[0].time, batch.rows[0].value) == (4, NOW, 6.0)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"oldest": 1}',
        json.dumps({"oldest": 0, "readings": []}).encode(),
        json.dumps({"oldest": 1, "readings": [row()] * 201}).encode(),
        b"[" * 60000,
        b" " * 70000,
        *(
            json.dumps({"oldest": 1, "readings": [row(**change)]}).encode()
            for change in (
                {"value": float("nan")}, {"value": float("inf")}, {"value": "6"}, {"value": True}, {"sequence": -1},
                {"sequence": 2**63}, {"sequence": 1.5}, {"sensor": ""}, {"sensor": "a\n"}, {"unit": "x" * 65},
                {"time": "yesterday"}, {"time": "2026-11-24T05:00:00"}, {"time": 5},
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused(payload):
    """Whatever a gateway sends, it is a batch or a told error."""
    with pytest.raises(BatchError):
        parse_batch(payload)


def test_rules_come_from_models_and_limits():
    """Units, valid ranges and spikes are the catalogue's, limits the named set's or the sensor's own."""
    made = settings()

    oxygen = made["sensors"]["ao-1"]["quantities"]["dissolved_oxygen"]
    assert oxygen == {"unit": "mg/L", "period": 900, "valid": [0, 40], "spike": 5, "flat_after": 21600, "minimum": 3.5}
    assert made["sensors"]["man-1"]["quantities"] == {
        "salinity": {"unit": "‰", "period": 60, "valid": [0, 70], "spike": 10, "flat_after": 86400, "maximum": 1}
    }
    assert list(made["sensors"]["muc-1"]["quantities"]) == ["water_level"]
    assert {sensor["gateway"] for sensor in made["sensors"].values()} == {GATEWAY, SERVER}
    assert made["gateways"] == [GATEWAY]
    assert made["sensors"]["kiem-tra"]["test"]
    assert made["sensors"]["ao-1"]["limits"]["source"] == "QCVN 02-19:2014/BNNPTNT"
