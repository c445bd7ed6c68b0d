"""The report as data (``report.json``): what was asked, what ran and how long, what was seen, what was not seen.

Its JSON Schema is exported to ``docs/schema/report.json``. Every text carries both languages.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ConfigDict, Field

from smartcommune.observe.models import Record
from smartcommune.text import Text
from smartcommune.verify.results import Verification

SCHEMA_VERSION = 1
StageName = Literal["machines", "hosts", "devices", "checks"]
StageState = Literal["done", "failed", "interrupted"]


class Line(Record):
    """Why something was asked: a line of a profile, of a role's catalogue entry, or of the province's file."""

    file: str
    line: int
    key: str


class CommuneAsked(Record):
    """The commune, as its profile names it."""

    code: str
    name: str
    province: str
    pilot: str | None = None
    domain: str
    level: int = Field(description="security level that the profile aims at")


class ServiceAsked(Record):
    """A service placed on a host, and the lines that asked for it."""

    name: str
    host: str
    title: Text
    purpose: Text
    foundation: bool
    reasons: tuple[Line, ...]


class HostAsked(Record):
    """A machine of the commune: memory and disk in bytes."""

    name: str
    kind: str
    zone: str
    address: str
    fqdn: str
    memory: int
    disk: int
    reasons: tuple[Line, ...]


class EndpointAsked(Record):
    """A web address of the commune."""

    url: str
    title: Text
    audience: str


class DeviceAsked(Record):
    """A network device of the commune; ``simulator``: in the lab a simulator stands for it."""

    name: str
    platform: str
    role: str
    zone: str
    address: str
    simulator: bool
    reasons: tuple[Line, ...]


class Asked(Record):
    """What the profile asked for, compiled."""

    hosts: tuple[HostAsked, ...]
    devices: tuple[DeviceAsked, ...] = ()
    services: tuple[ServiceAsked, ...]
    endpoints: tuple[EndpointAsked, ...]


class Part(Record):
    """A part of a stage: a role on a host, or a resource; ``seconds`` is the time spent in it."""

    host: str = ""
    name: str
    seconds: float
    changed: int = 0
    failed: int = 0


class Stage(Record):
    """One stage of a run, from Pulumi to the checks; ``started`` is UTC in ISO 8601."""

    name: StageName
    state: StageState
    started: str
    seconds: float
    changed: int = 0
    message: Text | None = None
    parts: tuple[Part, ...] = ()


class NotSeen(Record):
    """Something this report cannot vouch for, and why."""

    subject: Text
    reason: str | Text
    host: str = ""
    service: str = ""


class DrilledService(Record):
    """A service whose data a drill brought back: files and bytes as its manifest says, tables and rows of databases."""

    name: str
    files: int
    bytes: int
    tables: int = 0
    rows: int = 0


class DrilledHost(Record):
    """A machine whose backup a drill took from the second machine."""

    name: str
    stamp: str
    snapshot: str
    services: tuple[DrilledService, ...]


class Drill(Record):
    """A restore drill: the newest backups, brought back on fresh machines; ``started`` is UTC in ISO 8601."""

    state: Literal["passed", "failed"]
    started: str
    seconds: float
    hosts: tuple[DrilledHost, ...] = ()
    checks_passed: int = Field(default=0, description="the services' own checks on the fresh machines")
    checks_failed: int = 0
    problem: Text | None = Field(default=None, description="what ended a drill that failed")


class Drills(Record):
    """The last drill, and when the last one that passed began; a commune that had none has neither."""

    last: Drill | None = None
    last_passed: str | None = None


class Summary(Record):
    """The report's first line in numbers."""

    hosts_planned: int
    hosts_reached: int
    checks_planned: int
    checks_with_result: int
    passed: int
    failed: int
    skipped: int
    not_reached: int
    not_run: int


class Report(Record):
    """One report: automated evidence about one commune on one target at one time."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    generated: str = Field(description="UTC, ISO 8601")
    toolkit: str = Field(description="version of smartcommune")
    profile: str
    target: str
    commune: CommuneAsked
    summary: Summary
    asked: Asked
    ran: tuple[Stage, ...]
    seen: Verification | None = Field(description="None when no check was run")
    unchecked: Text | None = Field(default=None, description="why no check was run")
    last_checked: str | None = Field(
        default=None, description="when the last report with results was made, kept in last-checked/; UTC, ISO 8601"
    )
    not_seen: tuple[NotSeen, ...]
    drills: Drills = Field(default=Drills(), description="when restoring was last tried, and how it went")
    note: Text


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``report.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Report.model_json_schema(by_alias=True, mode="serialization"),
    }


def json_schema_text() -> str:
    """Return the JSON Schema as it stands in ``docs/schema/report.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
