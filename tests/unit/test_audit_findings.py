"""What becomes of what the tests saw: raw state, age, waivers, and the control's own state."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from smartcommune.audit.findings import findings_of, results_of, worst
from smartcommune.audit.models import ControlText, Finding, JudgedCheck, Waiver
from smartcommune.observe import HostObservations, Observation
from smartcommune.text import Text

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TEXT = Text(vi="chữ", en="text")
LOCKOUT = ControlText(
    id="lockout",
    clause="x.5.2.2a",
    level=1,
    title=TEXT,
    requirement=TEXT,
    remedy=TEXT,
    severity="high",
    evidence="configuration",
    max_age_hours=24,
    source="tcvn",
)


def check(state: str = "passed", **more: Any) -> JudgedCheck:
    """Return what a judge tells of one test."""
    values = {
        "state": state,
        "host": "server-1",
        "control": "lockout",
        "title": TEXT,
        "id": "lockout/server-1/test_x.test_it",
    }
    return JudgedCheck.model_validate(values | {"commands": {"server-1": ("cat /etc/x",)}} | more)


def waiver(expires: date, host: str | None = None) -> Waiver:
    """Return a waiver as the commune's audit file has it."""
    people = {"owner": "a", "approver": "b"}
    return Waiver(control="lockout", host=host, reason=TEXT, expires=expires, file="audit.yml", line=3, **people)


def seen(hours_ago: float) -> dict[str, HostObservations]:
    """Return one answer, so many hours old."""
    observation = Observation(command="cat /etc/x", status=0, at=NOW.timestamp() - hours_ago * 3600)
    return {
        "server-1": HostObservations(host="server-1", reached=True, started="…", observations=(observation,)),
    }


def one(judged: JudgedCheck, *waivers: Waiver, hours_ago: float = 1.0) -> Finding:
    """Return the one finding of a check."""
    (finding,) = findings_of([judged], {"lockout": LOCKOUT}, seen(hours_ago), waivers, NOW)
    return finding


@pytest.mark.parametrize(
    ("state", "raw"),
    [
        ("passed", "pass"),
        ("failed", "fail"),
        ("skipped", "not_applicable"),
        ("error", "error"),
        ("not_reached", "not_reached"),
        ("not_run", "not_run"),
    ],
)
def test_a_fresh_result_keeps_its_state(state, raw):
    """What a test saw a moment ago is the finding's state, and its raw state."""
    finding = one(check(state))

    assert (finding.state, finding.raw) == (raw, raw)
    assert finding.observed == ("cat /etc/x",)
    assert finding.observed_at == NOW.timestamp() - 3600


@pytest.mark.parametrize(
    ("state", "hours", "becomes"),
    [
        ("passed", 24.0, "pass"),
        ("passed", 24.1, "stale"),
        ("skipped", 24.1, "stale"),
        ("failed", 24.1, "fail"),
        ("error", 24.1, "error"),
    ],
)
def test_old_evidence_proves_nothing(state, hours, becomes):
    """Older than its control allows, a pass is stale; a failure stays one until it is seen to be mended."""
    finding = one(check(state), hours_ago=hours)

    assert finding.state == becomes


def test_age_is_that_of_the_oldest_answer():
    """A finding is as old as the oldest answer it stands on."""
    answers = [Observation(command=c, status=0, at=NOW.timestamp() - h * 3600) for c, h in (("a", 1), ("b", 30))]
    observed = {"server-1": HostObservations(host="server-1", reached=True, started="…", observations=tuple(answers))}
    judged = check(commands={"server-1": ("a", "b")})

    (finding,) = findings_of([judged], {"lockout": LOCKOUT}, observed, (), NOW)

    assert finding.state == "stale"


def test_a_waiver_never_hides_what_was_seen():
    """A waived failure still says that it failed, with who waived it until when."""
    finding = one(check("failed"), waiver(date(2026, 12, 1)))

    assert (finding.state, finding.raw) == ("waived", "fail")
    assert finding.waiver == waiver(date(2026, 12, 1))


def test_an_expired_waiver_lets_it_fail():
    """After its last day a waiver is shown as expired, and the failure stands."""
    assert one(check("failed"), waiver(date(2026, 11, 25))).state == "waived"
    finding = one(check("failed"), waiver(date(2026, 11, 24)))

    assert (finding.state, finding.waiver) == ("fail", waiver(date(2026, 11, 24)))


@pytest.mark.parametrize("state", ["passed", "error", "not_run", "not_reached"])
def test_a_waiver_waives_failures_alone(state):
    """What was not seen to fail is not waived."""
    assert one(check(state), waiver(date(2026, 12, 1))).waiver is None


def test_a_waiver_is_for_its_host():
    """A waiver for one host does not cover another."""
    assert one(check("failed"), waiver(date(2026, 12, 1), host="gateway-1")).state == "fail"
    assert one(check("failed"), waiver(date(2026, 12, 1), host="server-1")).state == "waived"


@pytest.mark.parametrize(
    ("states", "becomes"),
    [
        (("pass", "not_applicable"), "pass"),
        (("not_applicable",), "not_applicable"),
        (("pass", "waived"), "waived"),
        (("pass", "stale", "waived"), "stale"),
        (("not_reached", "not_run"), "not_reached"),
        (("fail", "error"), "fail"),
    ],
)
def test_a_control_is_as_good_as_its_worst_finding(states, becomes):
    """One failing host fails the control; hosts it does not apply to take nothing from those that pass."""
    assert worst(states) == becomes


def test_a_control_without_a_test_does_not_pass():
    """A control that nothing looked at was not run; one that no host has to meet says why."""
    (unseen,) = results_of([LOCKOUT], (), {})
    (outside,) = results_of([LOCKOUT], (), {"lockout": TEXT})

    assert unseen.state == "not_run"
    assert (outside.state, outside.reason) == ("not_applicable", TEXT)
