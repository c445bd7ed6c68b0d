"""An audit as data (``audit.json``): every planned test of every control has exactly one finding.

Nothing passes by absence.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import ConfigDict, Field

from smartcommune.observe.models import Record
from smartcommune.text import Text

SCHEMA_VERSION = 1
State = Literal["fail", "error", "not_reached", "not_run", "stale", "waived", "not_applicable", "pass"]
STATES: tuple[State, ...] = ("fail", "error", "not_reached", "not_run", "stale", "waived", "not_applicable", "pass")
SEEN: frozenset[State] = frozenset({"pass", "fail", "waived", "not_applicable"})  # states that stand on an answer
Severity = Literal["low", "medium", "high", "critical"]
Evidence = Literal["configuration", "state", "inventory", "log", "document"]
COMMUNE = "commune"  # the host of a finding that is about the whole commune


class Source(Record):
    """Where a requirement comes from, when it was read, and what has to be known of that reading."""

    title: Text
    document: str = Field(description="number of the standard or decree")
    read: str = Field(description="date of reading, ISO 8601")
    url: str = ""
    caveat: Text


class ControlText(Record):
    """A control as the audit held it against the commune; ``clause`` is as in the source."""

    id: str
    clause: str
    level: int = Field(ge=1, le=3, description="the first security level that asks for it")
    title: Text
    requirement: Text
    remedy: Text
    severity: Severity
    evidence: Evidence
    max_age_hours: float = Field(description="older observations prove nothing")
    source: str = Field(description="id of the source")


class WaiverUse(Record):
    """A waiver that was applied to a finding or would have been; an expired one lets the finding fail."""

    reason: Text
    owner: str
    approver: str
    expires: str = Field(description="date, ISO 8601: the last day it holds")
    expired: bool = False
    file: str
    line: int


class Finding(Record):
    """One planned test of a control on one host. ``raw`` is the state before a waiver or age was looked at.

    ``observed`` are the commands whose answers it stands on, ``observed_at`` the oldest of these (seconds since the
    epoch).
    """

    id: str = Field(description="control/host/file.test[parameters]; the same in every audit of the commune")
    control: str
    host: str
    title: Text
    state: State
    raw: State
    reason: str | Text = ""
    detail: str = ""
    observed: tuple[str, ...] = ()
    observed_at: float | None = None
    waiver: WaiverUse | None = None


class ControlResult(Record):
    """What all findings of one control come to: the worst of them by the order of ``STATES``."""

    control: ControlText
    state: State
    reason: str | Text = ""
    findings: tuple[Finding, ...] = ()


class AuditHost(Record):
    """A host that the audit planned to look at."""

    name: str
    kind: str
    address: str
    services: tuple[str, ...]
    reached: bool
    reason: str | Text = ""
    host_key: str = ""
    observations: int = 0


class AuditSummary(Record):
    """The first line in numbers: hosts reached of planned, results of planned tests, and findings by state."""

    hosts_planned: int
    hosts_reached: int
    tests_planned: int
    tests_with_result: int
    findings: dict[State, int]
    controls: dict[State, int]


class Commune(Record):
    """The commune, as its profile names it, and the security level the audit is held against."""

    code: str
    name: str
    province: str
    pilot: str | None = None
    domain: str
    level: int


class ScannerFinding(Record):
    """One thing that an independent scanner says of a host; ``control`` is the one of ours that looks at the same."""

    scanner: str
    rule: str
    host: str
    title: str
    state: Literal["pass", "fail", "information"]
    detail: str = ""
    control: str | None = None
    ours: State | None = None
    waiver: WaiverUse | None = None


class ScannerRun(Record):
    """One scanner on one host: its version, whether it ran, its own score if it gives one (0–100)."""

    scanner: str
    version: str = ""
    host: str
    ran: bool
    reason: str | Text = ""
    score: float | None = None
    findings: tuple[ScannerFinding, ...] = ()


class Audit(Record):
    """One audit: automated evidence about one commune on one target at one time."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    fetched: str = Field(description="when observing began, UTC, ISO 8601")
    judged: str = Field(description="when the observations were judged, UTC, ISO 8601")
    toolkit: str = Field(description="version of smartcommune that judged")
    rules: str = Field(description="sha256 of the controls, their tests and the waivers that judged")
    profile: str
    target: str
    commune: Commune
    summary: AuditSummary
    hosts: tuple[AuditHost, ...]
    sources: dict[str, Source]
    results: tuple[ControlResult, ...]
    scanners: tuple[ScannerRun, ...] = ()
    note: Text


def summarise(hosts: tuple[AuditHost, ...], results: tuple[ControlResult, ...]) -> AuditSummary:
    """Return the numbers of an audit's first line; a finding has a result when it stands on an answer."""
    findings = [finding for result in results for finding in result.findings]
    by_state, by_control = Counter(each.state for each in findings), Counter(each.state for each in results)
    return AuditSummary(
        hosts_planned=len(hosts),
        hosts_reached=sum(host.reached for host in hosts),
        tests_planned=len(findings),
        tests_with_result=sum(finding.raw in SEEN for finding in findings),
        findings={state: by_state[state] for state in STATES},
        controls={state: by_control[state] for state in STATES},
    )
