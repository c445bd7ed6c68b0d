"""A command line over fakes of everything that touches machines: plugin of the tests that run whole commands."""

from __future__ import annotations

import pytest

from smartcommune.cli import main
from smartcommune.cli.loading import Commune
from smartcommune.runs.layers import Layers
from tests.unit import report_sample as sample
from tests.unit.run_fakes import OUTPUTS, FakeLab, FakeStack, World


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The commune's state folder."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    return tmp_path / "vi-huong" / "lab"


@pytest.fixture
def world(monkeypatch, folder):
    """Fakes in the place of everything that touches machines."""
    made = World()

    def stack(site, **options):
        return FakeStack(made, site, **options)

    def converge(*arguments, **options):
        return made.converge(*arguments, **options)

    def verify(*arguments, **options):
        return made.verify(*arguments, **options)

    layers = Layers(stack, converge, verify)
    commune = Commune(sample.site(), sample.catalogue(), folder)
    monkeypatch.setattr("smartcommune.cli.loading.load_commune", lambda *_: commune)
    monkeypatch.setattr("smartcommune.cli.privilege.become_root", lambda _: None)
    monkeypatch.setattr("smartcommune.runs.apply.real_layers", lambda: layers)
    monkeypatch.setattr("smartcommune.runs.playbook.real_layers", lambda: layers)
    monkeypatch.setattr("smartcommune.runs.drill.real_layers", lambda: layers)
    monkeypatch.setattr("smartcommune.targets.stack.Stack", stack)
    monkeypatch.setattr("smartcommune.targets.outputs.fetch_outputs", lambda _: OUTPUTS)
    monkeypatch.setattr("smartcommune.lab.lab.Lab", lambda _: FakeLab(made))
    return made


@pytest.fixture
def run(capsys):
    """A function that runs a command line and returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main.run(arguments, {"LANG": "C"})
        captured = capsys.readouterr()
        assert not [sign for sign in ("Traceback", "\x1b", "\r") if sign in captured.out + captured.err]
        return code, captured.out, captured.err

    return call
