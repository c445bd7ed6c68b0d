"""The record of restore drills: ``drills.json`` in the commune's folder, from where each report takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.verify.report import load_report, write_report
from smartcommune.verify.report.models import Drill, Drills
from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from smartcommune.text import Language

NAME = "drills.json"


def load_drills(folder: Path) -> Drills:
    """Return what is on record; a commune without a drill has an empty one."""
    try:
        return Drills.model_validate_json((folder / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return Drills()


def record_drill(folder: Path, drill: Drill, language: Language) -> Drills:
    """Put a drill on record, and into the latest report where there is one."""
    before = load_drills(folder)
    drills = Drills(last=drill, last_passed=drill.started if drill.state == "passed" else before.last_passed)
    write_whole(folder / NAME, drills.model_dump_json(indent=2) + "\n", on_disk=True)
    try:
        report = load_report(folder / "report")
    except (FileNotFoundError, ValueError):
        return drills
    write_report(report.model_copy(update={"drills": drills}), folder / "report", language)
    return drills
