"""A restore drill over fakes: it only reads the commune, leaves nothing behind, and dates what it found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from smartcommune.converge.results import ConvergeResult, HostResult
from smartcommune.errors import LockedError
from smartcommune.runs.drill import ARCHIVES, TwinStack, drill
from smartcommune.runs.drill_record import load_drills
from smartcommune.runs.layers import Layers
from smartcommune.verify.report import load_report, write_report
from smartcommune.verify.report.build import build_report
from smartcommune.verify.report.html import render_html
from tests.unit import report_sample as sample
from tests.unit.run_fakes import OUTPUTS, FakeStack, World, all_passed

PROOF = {"stamp": "20261124T020000Z", "services": {"postgresql": {"files": 2, "bytes": 9, "tables": 4, "rows": 70}}}
MADE = "2026-11-26T08:00:00+00:00"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The commune's state folder."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    return tmp_path / "vi-huong" / "lab"


@pytest.fixture
def world(folder):
    """A commune that stands, whose second machine has a backup; all goes well."""
    made = World()
    made.provisioned, made.seen, made.cleaned, made.fails = True, all_passed(), [], {}
    return made


def run(world):
    """Drill over fakes."""

    def converge(site, outputs, playbook="site", *, variables=None, **options):
        world.converge(site, outputs, playbook, variables=variables, on_event=options["on_event"])
        if (counts := world.fails.get(playbook)) is not None:
            return ConvergeResult({"server-1": counts}, (), 1.0)
        archives = Path((variables or {}).get(ARCHIVES, "/nowhere"))
        if playbook == "export_backup":
            (archives / "server-1.tar").write_bytes(b"secret")
            (archives / "server-1.snapshot.json").write_text('{"id": "abcdef0123456789"}')
        if playbook == "restore":
            proof = {
                **PROOF,
                "services": {name: {"state": "proven", **each} for name, each in PROOF["services"].items()},
            }
            (archives / "server-1.proof.json").write_text(json.dumps(proof))
        return ConvergeResult({"server-1": HostResult(ok=1)}, (), 1.0)

    def stack(site, **options):
        world.calls.append(site.profile)
        return FakeStack(world, site, **options)

    layers = Layers(stack, converge, world.verify, clean=world.cleaned.append)
    return drill(sample.site(), sample.site(), sample.catalogue(), lambda _: None, layers=layers)


def test_a_drill_that_passes_is_dated(world, folder):
    """What came back is on record with stamp, snapshot, files and rows; the twin and all plain copies are gone."""
    outcome = run(world)
    host = load_drills(folder).last.hosts[0]

    assert outcome.exit_code == 0
    assert (host.name, host.stamp, host.snapshot[:6]) == ("server-1", "20261124T020000Z", "abcdef")
    assert (host.services[0].files, host.services[0].rows) == (2, 70)
    assert load_drills(folder).last_passed == outcome.drill.started
    assert set(world.cleaned) == {"vi-huong-drill"}
    assert world.calls[-3:] == ["vi-huong-drill", "destroy", "released"]
    assert list(folder.glob("drill-*")) == []
    assert not (folder.parents[1] / "vi-huong-drill").exists()


@pytest.mark.parametrize(
    ("playbook", "words"),
    [("export_backup", "could not be read"), ("site", "could not be made"), ("restore", "as they were")],
)
def test_a_drill_that_fails_says_where(world, folder, playbook, words):
    """A step that fails ends the drill, which is on record with the step; the date of the last good one stays."""
    good = run(world).drill.started
    world.fails = {playbook: HostResult(failed=1)}
    outcome = run(world)
    drills = load_drills(folder)

    assert outcome.exit_code == 1
    assert words in drills.last.problem.en
    assert drills.last_passed == good
    assert list(folder.glob("drill-*")) == []


def test_services_that_fail_on_restored_data_fail_the_drill(world):
    """Data that came back whole do not pass for restored when a service does not run on them."""
    world.seen = sample.verification()

    assert run(world).drill.state == "failed"


def test_a_commune_that_is_locked_has_no_drill_on_record(world, folder):
    """What kept the drill from beginning is told, and no result is claimed."""
    world.locked = True

    with pytest.raises(LockedError):
        run(world)
    assert load_drills(folder).last is None


def test_the_report_tells_the_last_drill(world, folder):
    """The latest report takes the drill up at once, with its age; a commune without one is told to have had none."""
    report = build_report(sample.site(), sample.catalogue(), (), sample.verification(), MADE)

    write_report(report, folder / "report")
    assert ">never</span>" in render_html(report, "en")
    run(world)

    assert load_report(folder / "report").drills == load_drills(folder)
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "20261124T020000Z" in page
    assert "70 rows in 4 tables" in page


def test_the_twin_has_the_communes_own_secrets():
    """What data know of secrets, a password's digest say, holds on the twin; all else is the stack's own."""
    inner = SimpleNamespace(outputs=lambda: replace(OUTPUTS, secrets={"a": "twin's", "b": "twin's"}), lock=7)
    twin = TwinStack(inner, {"a": "own"})

    assert twin.outputs().secrets == {"a": "own", "b": "twin's"}
    assert twin.lock == 7
