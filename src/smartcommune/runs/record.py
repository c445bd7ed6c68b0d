"""The record of a run: one folder a run, ``runs/<UTC stamp>/run.json``, written as it goes on, pruned to the newest."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from smartcommune.verify.report.models import Stage
from smartcommune.whole_files import write_whole

KEEP = 40  # folders: a run has one for its record, and one for each playbook
RunState = Literal["running", "done", "failed", "interrupted"]


class RunRecord(BaseModel):
    """One run: what was asked, in which state it ended, its stages so far. Times are UTC in ISO 8601.

    ``backup`` is the stamp of the backup that the run made or brought back.
    """

    command: str
    started: str
    finished: str | None = None
    state: RunState = "running"
    backup: str | None = None
    stages: list[Stage] = []


class Recorder:
    """Writes a run's record, so that a run that is cut still left what it had done."""

    def __init__(self, folder: Path, command: str, *, backup: str | None = None) -> None:
        now = datetime.now(UTC)
        self.folder = folder / "runs" / f"{now:%Y%m%dT%H%M%S.%fZ}"
        self.folder.mkdir(parents=True)
        self.record = RunRecord(command=command, started=now.isoformat(timespec="seconds"), backup=backup)
        self._write()
        for old in sorted((folder / "runs").iterdir())[:-KEEP]:
            shutil.rmtree(old, ignore_errors=True)

    def add(self, stage: Stage) -> None:
        """Keep a stage that ended."""
        self.record.stages.append(stage)
        self._write()

    def finish(self, state: RunState) -> None:
        """Say how the run ended."""
        self.record.state = state
        self.record.finished = datetime.now(UTC).isoformat(timespec="seconds")
        self._write()

    def _write(self) -> None:
        write_whole(self.folder / "run.json", self.record.model_dump_json(indent=2) + "\n")


def load_latest(folder: Path, command: str | None = None, state: RunState | None = None) -> RunRecord | None:
    """Return the newest record (of ``command``, in ``state``), or None; what was cut while written is passed over."""
    for path in sorted((folder / "runs").glob("*/run.json"), reverse=True):
        try:
            record = RunRecord.model_validate_json(path.read_bytes())
        except ValueError:
            continue
        if command in (None, record.command) and state in (None, record.state):
            return record
    return None
