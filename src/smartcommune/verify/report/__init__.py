"""The report: built as data, written as one HTML page, as JSON and as JUnit XML."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.verify.report.models import Report

if TYPE_CHECKING:
    from smartcommune.text import Language

__all__ = ["ReportFiles", "load_report", "write_report"]


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report's files are."""

    html: Path
    json: Path
    junit: Path

    @classmethod
    def within(cls, folder: Path) -> ReportFiles:
        """Return the names of the files in a report's folder."""
        return cls(folder / "index.html", folder / "report.json", folder / "junit.xml")


def write_report(report: Report, folder: Path, language: Language = "vi") -> ReportFiles:
    """Write all three files, each whole or not at all; a report without checks has no JUnit file."""
    from smartcommune.verify.report.html import render_html
    from smartcommune.verify.report.junit import render_junit

    folder.mkdir(parents=True, exist_ok=True)
    files = ReportFiles.within(folder)
    _write(files.json, (report.model_dump_json(by_alias=True, indent=2) + "\n").encode())
    _write(files.html, render_html(report, language).encode())
    if report.seen is None:
        files.junit.unlink(missing_ok=True)
    else:
        _write(files.junit, render_junit(report.seen))
    return files


def load_report(folder: Path) -> Report:
    """Return the report kept in a folder. Raises FileNotFoundError when there is none."""
    return Report.model_validate_json(ReportFiles.within(folder).json.read_bytes())


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)
