"""The report: built as data, written as one HTML page, as JSON and as JUnit XML."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.verify.report.models import Report
from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.text import Language

__all__ = ["LAST_CHECKED", "ReportFiles", "load_last_checked", "load_report", "write_report"]

LAST_CHECKED = "last-checked"  # folder inside a report's
_READABLE = 0o644  # by whoever is to read it, also where root made it


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

    def __iter__(self) -> Iterator[Path]:
        """Yield the three files."""
        return iter((self.html, self.json, self.junit))


def write_report(report: Report, folder: Path, language: Language = "vi") -> ReportFiles:
    """Write all three files, each whole or not at all.

    A report without checks has no JUnit file, and does not take the place of results: the last report that has some
    moves to ``last-checked/``.
    """
    from smartcommune.verify.report.html import render_html
    from smartcommune.verify.report.junit import render_junit

    folder.mkdir(parents=True, exist_ok=True)
    files = ReportFiles.within(folder)
    if report.seen is None:
        _keep_results(folder)
    write_whole(files.json, report.model_dump_json(by_alias=True, indent=2) + "\n", mode=_READABLE)
    write_whole(files.html, render_html(report, language), mode=_READABLE)
    if report.seen is None:
        files.junit.unlink(missing_ok=True)
    else:
        write_whole(files.junit, render_junit(report.seen), mode=_READABLE)
        shutil.rmtree(folder / LAST_CHECKED, ignore_errors=True)
    return files


def load_last_checked(folder: Path) -> Report | None:
    """Return the last report with results: the one in ``folder``, else the one kept in it; None without any."""
    for place in (folder, folder / LAST_CHECKED):
        try:
            report = load_report(place)
        except (FileNotFoundError, ValueError):
            continue
        if report.seen is not None:
            return report
    return None


def load_report(folder: Path) -> Report:
    """Return the report kept in a folder. Raises FileNotFoundError when there is none."""
    return Report.model_validate_json(ReportFiles.within(folder).json.read_bytes())


def _keep_results(folder: Path) -> None:
    """Copy the files of a report that has results out of the way of one that has none."""
    try:
        if load_report(folder).seen is None:
            return
    except (FileNotFoundError, ValueError):
        return
    kept = folder / LAST_CHECKED
    kept.mkdir(exist_ok=True)
    for file in ReportFiles.within(folder):
        if file.exists():
            write_whole(kept / file.name, file.read_bytes(), mode=_READABLE)
