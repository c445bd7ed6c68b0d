"""An audit's findings as data: every judged check of a control has exactly one. Nothing passes by absence."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from smartcommune.observe.models import Record
from smartcommune.text import Text

State = Literal["fail", "error", "not_reached", "not_run", "stale", "waived", "not_applicable", "pass"]
STATES: tuple[State, ...] = ("fail", "error", "not_reached", "not_run", "stale", "waived", "not_applicable", "pass")
Severity = Literal["low", "medium", "high", "critical"]
Evidence = Literal["configuration", "state", "inventory", "log", "document"]


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


class JudgedCheck(Record):
    """What one test made of the observations, by pytest's words, and the commands that it stood on, by host."""

    id: str = Field(description="control/host/file.test[parameters]; the same in every audit of the commune")
    control: str
    host: str
    title: Text
    state: Literal["passed", "failed", "skipped", "error", "not_reached", "not_run"]
    reason: str | Text = ""
    detail: str = ""
    commands: dict[str, tuple[str, ...]] = Field(default={})


class Waiver(Record):
    """A failure that is accepted for a time, of one ``host`` or (None) of all; it stands in ``file`` at ``line``."""

    control: str
    host: str | None = None
    reason: Text
    owner: str
    approver: str
    expires: date = Field(description="the last day it holds")
    file: str
    line: int


class Finding(Record):
    """One judged check of a control on one host. ``raw`` is the state before a waiver or age was looked at.

    ``observed`` are the commands whose answers it stands on, ``observed_at`` the oldest of these (seconds since the
    epoch). A ``waiver`` beside a failure has expired.
    """

    id: str
    control: str
    host: str
    title: Text
    state: State
    raw: State
    reason: str | Text = ""
    detail: str = ""
    observed: tuple[str, ...] = ()
    observed_at: float | None = None
    waiver: Waiver | None = None


class ControlResult(Record):
    """What all findings of one control come to: the worst of them by the order of ``STATES``."""

    control: ControlText
    state: State
    reason: str | Text = ""
    findings: tuple[Finding, ...] = ()
