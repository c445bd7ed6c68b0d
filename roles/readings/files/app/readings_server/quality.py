"""What a reading is worth, and when somebody has to be told: pure functions of rule, past and value.

Flags: ``out_of_range`` (impossible), ``spike`` (a jump that the next reading does not confirm), ``flat_line``
(one value for too long, as of a fouled probe), ``late`` (arrived long after it was measured), ``missing`` (readings
before it are not there), ``ahead`` (measured by a clock that is wrong). Kinds of alerts: ``low``, ``high``,
``flat_line``, ``silent``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

LATE_AFTER = 300  # seconds at least: a link that is away for a moment is nothing to remark
AHEAD_AFTER = 300  # seconds by which clocks may differ
GAP = 2.5  # periods between two readings after which one is missing
SILENT = 3  # periods without a reading after which a sensor is silent
SILENT_GRACE = 60  # seconds on top, for the way
MARGIN = 0.02  # part of a limit by which a value has to be back inside before the alert ends: no alert at each ripple
NOT_BELIEVED = frozenset({"out_of_range", "spike", "ahead"})


@dataclass(frozen=True, slots=True)
class Rule:
    """How a quantity of a sensor is judged; ``period`` and ``flat_after`` in seconds, the rest in its unit."""

    unit: str
    period: float
    valid: tuple[float, float]
    spike: float | None = None
    flat_after: float | None = None
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Rule:
        """Return the rule that a file of settings describes."""
        low, high = settings["valid"]
        return cls(**{**settings, "valid": (float(low), float(high))})


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a series: the last reading, the last believed value, a value that may be a spike."""

    time: datetime
    value: float
    believed: float | None
    candidate: float | None
    same_since: datetime


def judge(
    rule: Rule, past: Past | None, value: float, time: datetime, received: datetime
) -> tuple[tuple[str, ...], Past | None]:
    """Return the flags of a reading, and what is remembered after it; a reading older than the last changes nothing."""
    flags = []
    in_range = rule.valid[0] <= value <= rule.valid[1]
    if not in_range:
        flags.append("out_of_range")
    if received - time > timedelta(seconds=max(2 * rule.period, LATE_AFTER)):
        flags.append("late")
    if time - received > timedelta(seconds=AHEAD_AFTER):
        return (*flags, "ahead"), past
    if past is None:
        return tuple(flags), Past(time, value, value if in_range else None, None, time)
    if time <= past.time:
        return tuple(flags), past
    if time - past.time > timedelta(seconds=GAP * rule.period):
        flags.append("missing")
    same_since = past.same_since if value == past.value else time
    if rule.flat_after is not None and time - same_since >= timedelta(seconds=rule.flat_after):
        flags.append("flat_line")
    after = replace(past, time=time, value=value, same_since=same_since)
    if not in_range:
        return tuple(flags), after
    if _is_spike(rule, past, value):
        flags.append("spike")
        return tuple(flags), replace(after, candidate=value)
    return tuple(flags), replace(after, believed=value, candidate=None)


def _is_spike(rule: Rule, past: Past, value: float) -> bool:
    """Return whether a value jumps; it does not when the reading before had jumped to the same place."""
    if rule.spike is None or past.believed is None or abs(value - past.believed) <= rule.spike:
        return False
    return past.candidate is None or abs(value - past.candidate) > rule.spike


def alert_changes(
    rule: Rule, standing: frozenset[str], value: float, flags: tuple[str, ...]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of alerts that begin and those that end with a reading, given those that stand."""
    begins, ends = set(), set()
    if "flat_line" in flags:
        begins.add("flat_line")
    elif "out_of_range" not in flags:
        ends.add("flat_line")
    if not NOT_BELIEVED & set(flags):
        if rule.minimum is not None:
            if value < rule.minimum:
                begins.add("low")
            elif value >= rule.minimum + MARGIN * abs(rule.minimum):
                ends.add("low")
        if rule.maximum is not None:
            if value > rule.maximum:
                begins.add("high")
            elif value <= rule.maximum - MARGIN * abs(rule.maximum):
                ends.add("high")
    return frozenset(begins - standing), frozenset(ends & standing)


def is_silent(period: float, last: datetime | None, started: datetime, now: datetime) -> bool:
    """Return whether a sensor is silent; time in which nobody listened (before ``started``) does not count."""
    since = started if last is None else max(last, started)
    return now - since > timedelta(seconds=SILENT * period + SILENT_GRACE)
