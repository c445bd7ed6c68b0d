"""Runs that are cut: by Ctrl-C, by an error, by a kill; each leaves a record, and the same command goes on."""

from __future__ import annotations

import pytest

from smartcommune.errors import SmartCommuneError
from smartcommune.runs.record import Recorder, load_latest
from smartcommune.text import Text
from tests.unit.run_fakes import FakeStack, World, all_passed

pytest_plugins = ["tests.unit.faked_commands"]


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [
        (SmartCommuneError(Text(vi="hỏng", en="broken")), 1, "failed"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_cut_run_leaves_its_record_and_a_report(run, world, folder, error, code, state):
    """What was done until then is on record, and the lock is released."""
    world.up = error
    seen, _, err = run("apply", "vi-huong", "--yes")
    record = load_latest(folder, "apply")

    assert seen == code
    assert (record.state, record.stages[0].name, record.stages[0].state) == (state, "machines", state)
    assert (folder / "report" / "index.html").exists()
    assert world.calls[-1] == "released"
    assert err.count("error:") == 1


@pytest.mark.parametrize("stage", ["up", "converge", "verify"])
def test_an_interrupted_apply_is_finished_by_the_same_command(run, world, folder, monkeypatch, stage):
    """Ctrl-C in any stage ends with 130 and says how to go on; the same command then does the rest."""
    world.seen = all_passed()

    def interrupt(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FakeStack if stage == "up" else World, stage, interrupt)
        code, out, err = run("apply", "vi-huong", "--yes")
        assert (code, out, err.count("error:")) == (130, "", 1)
        assert "error: interrupted; run the same command again to resume" in err
        assert "apply interrupted" in run("status", "vi-huong")[1]
    assert run("apply", "vi-huong", "--yes")[0] == 0
    assert load_latest(folder, "apply").state == "done"


def test_an_interrupted_verify_is_on_record(run, world, folder):
    """Ctrl-C while checks run is the one message and 130; status says what to do."""

    def interrupt(*_arguments, **_options):
        raise KeyboardInterrupt

    world.verify = interrupt
    assert run("--lang", "vi", "verify", "vi-huong")[0] == 130
    assert "verify bị ngắt" in run("--lang", "vi", "status", "vi-huong")[1]


def test_a_killed_run_is_told_from_one_that_goes_on(run, world, folder):
    """A record that says running, without the lock, is of a run that was cut off; a verify needs no lock."""
    Recorder(folder, "apply")
    assert "apply was cut off" in run("status", "vi-huong")[1]
    Recorder(folder, "verify")
    assert "verify is running" in run("status", "vi-huong")[1]
