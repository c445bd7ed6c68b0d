"""Records of runs, progress on a terminal, and documents."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from smartcommune.cli.documents import render_document
from smartcommune.cli.progress import Board
from smartcommune.cli.session import Session
from smartcommune.converge.results import ConvergeEvent
from smartcommune.runs.events import from_hosts
from smartcommune.runs.record import KEEP, Recorder, load_latest


def test_records_are_pruned_and_cut_ones_passed_over(tmp_path):
    """Only the newest runs are kept; a record that was cut while written does not hide the one before."""
    for number in range(KEEP + 3):
        Recorder(tmp_path, f"run {number}").finish("done")
    newest = Recorder(tmp_path, "cut")
    (newest.folder / "run.json").write_text('{"command": "cu', encoding="utf-8")

    assert len(list((tmp_path / "runs").iterdir())) == KEEP
    assert load_latest(tmp_path).command == f"run {KEEP + 2}"


@contextmanager
def _terminal(width):
    """A console that believes in a terminal, and what it wrote."""
    stream = io.StringIO()
    session = Session(language="en")
    session.__dict__["err"] = Console(file=stream, force_terminal=True, width=width, highlight=False)
    yield session, stream


def test_progress_on_a_terminal_shows_time_spent_and_expected():
    """A host's row has its role and task, the time spent in the role and expected for it."""
    with _terminal(120) as (session, stream):
        board = Board(session)
        board(from_hosts(ConvergeEvent("server-1", "base", "Install packages", "started", None, 61.0, 90.0, 0.25)))
        session.err.print(board.render())

    assert "Configuration server-1" in stream.getvalue()
    assert "base Install packages" in stream.getvalue()
    assert "01:01 / ~01:30 25%" in stream.getvalue()


def test_report_folder_is_named_by_path():
    """Paths in documents are plain strings."""
    assert json.loads(render_document({"path": Path("/x"), "set": {2, 1}})) == {"path": "/x", "set": [1, 2]}
