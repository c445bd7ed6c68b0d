"""From what the tests made of the observations to findings: waivers and age, and what each control comes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from smartcommune.audit.models import STATES, ControlResult, Finding, State
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.audit.models import ControlText, JudgedCheck, Waiver
    from smartcommune.observe.models import HostObservations

_RAW: Mapping[str, State] = {
    "passed": "pass",
    "failed": "fail",
    "skipped": "not_applicable",
    "error": "error",
    "not_reached": "not_reached",
    "not_run": "not_run",
}
_NO_TEST = Text(vi="chưa có phép thử nào được định", en="no test was planned")


def findings_of(
    checks: Iterable[JudgedCheck],
    controls: Mapping[str, ControlText],
    observations: Mapping[str, HostObservations],
    waivers: Iterable[Waiver],
    now: datetime,
) -> tuple[Finding, ...]:
    """Return one finding for each judged check of one of ``controls``: those that the audit's level asks for.

    ``now`` is when they are judged, with its time zone.
    """
    waivers = tuple(waivers)
    times = {host: {each.command: each.at for each in seen.observations} for host, seen in observations.items()}
    return tuple(
        _waived(_aged(_raw(check, times), controls[check.control].max_age_hours, now), waivers, now.date())
        for check in checks
        if check.control in controls
    )


def results_of(
    controls: Iterable[ControlText], findings: Iterable[Finding], scope: Mapping[str, Text]
) -> tuple[ControlResult, ...]:
    """Return each control's result; ``scope`` says of a control why no host has to meet it."""
    by_control: dict[str, list[Finding]] = {}
    for finding in findings:
        by_control.setdefault(finding.control, []).append(finding)
    return tuple(_result(control, by_control.get(control.id, []), scope) for control in controls)


def worst(states: Iterable[State]) -> State:
    """Return the worst of some states; what does not apply on one host does not outweigh what passes on another."""
    found = set(states)
    return next(state for state in STATES if state in found and (state != "not_applicable" or "pass" not in found))


def _result(control: ControlText, findings: list[Finding], scope: Mapping[str, Text]) -> ControlResult:
    if findings:
        state = worst(finding.state for finding in findings)
        reason = next((each.reason for each in findings if each.state == state and each.reason), "")
        return ControlResult(control=control, state=state, reason=reason, findings=tuple(findings))
    if control.id in scope:
        return ControlResult(control=control, state="not_applicable", reason=scope[control.id])
    return ControlResult(control=control, state="not_run", reason=_NO_TEST)


def _raw(check: JudgedCheck, times: Mapping[str, Mapping[str, float]]) -> Finding:
    state = _RAW[check.state]
    asked = [(host, command) for host, commands in check.commands.items() for command in commands]
    seen = [at for host, command in asked if (at := times.get(host, {}).get(command)) is not None]
    return Finding(
        id=check.id,
        control=check.control,
        host=check.host,
        title=check.title,
        state=state,
        raw=state,
        reason=check.reason,
        detail=check.detail,
        observed=tuple(dict.fromkeys(command for _, command in asked)),
        observed_at=min(seen, default=None),
    )


def _aged(finding: Finding, hours: float, now: datetime) -> Finding:
    """Let what is too old prove nothing; a failure stays one until it is seen to be mended."""
    if finding.raw not in ("pass", "not_applicable") or finding.observed_at is None:
        return finding
    if (now.timestamp() - finding.observed_at) / 3600 <= hours:
        return finding
    seen = datetime.fromtimestamp(finding.observed_at, UTC).isoformat(timespec="minutes")
    reason = Text(
        vi=f"quan sát lúc {seen} đã quá {hours:g} giờ",
        en=f"observed at {seen}, more than {hours:g} hours ago",
    )
    return finding.model_copy(update={"state": "stale", "reason": reason})


def _waived(finding: Finding, waivers: tuple[Waiver, ...], today: date) -> Finding:
    """Apply the first waiver that covers a failure; an expired one is shown, and the failure stays."""
    if finding.raw != "fail":
        return finding
    fitting = [each for each in waivers if each.control == finding.control and each.host in (None, finding.host)]
    if not fitting:
        return finding
    waiver = next((each for each in fitting if each.expires >= today), None)
    if waiver is None:
        return finding.model_copy(update={"waiver": fitting[0]})
    return finding.model_copy(update={"waiver": waiver, "state": "waived"})
