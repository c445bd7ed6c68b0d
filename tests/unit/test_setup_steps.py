"""System packages, the virtual environment, and the order of set-up's steps."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from bootstrap import __main__ as entry
from bootstrap import environment, packages
from bootstrap.console import Console
from bootstrap.environment import ensure_environment, fingerprint
from bootstrap.errors import SetupError
from bootstrap.packages import as_root, ensure_packages, missing
from smartcommune.cli.prerequisites import PROGRAMS
from smartcommune.lab.commands import PACKAGES


@pytest.fixture
def quiet() -> Console:
    """A console that nobody reads."""
    return Console(lang="en", out=io.StringIO())


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout with a lock of one package."""
    (tmp_path / "requirements-dev.lock").write_text("ruff==0.17.6 \\\n    --hash=sha256:22\n")
    (tmp_path / "requirements.lock").write_text("six==1.16.0 \\\n    --hash=sha256:00\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.fixture
def calls(monkeypatch) -> list[list[str]]:
    """Record the command lines that would run, and run none."""
    recorded: list[list[str]] = []
    for module in (packages, environment):
        monkeypatch.setattr(module, "run", lambda argv, **_named: recorded.append(list(argv)))
    return recorded


def test_missing_packages_are_found(tmp_path, monkeypatch) -> None:
    """A package counts as there only when dpkg has it installed completely."""
    dpkg = tmp_path / "dpkg-query"
    dpkg.write_text("#!/bin/sh\necho 'git installed'\necho 'make half-configured'\nexit 1\n")
    dpkg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert missing(["git", "make", "sudo"]) == ["make", "sudo"]


def test_user_without_sudo_is_told(monkeypatch) -> None:
    """A user who is not root and has no sudo gets the command that is wanted."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SetupError, match="apt-get install x"):
        as_root(["apt-get", "install", "x"])


def test_nothing_runs_when_all_is_there(calls, quiet, monkeypatch, tmp_path) -> None:
    """With all packages installed, apt is not asked."""
    monkeypatch.setattr(packages, "missing", lambda _names: [])
    ensure_packages(quiet, log=tmp_path / "log", tests=True)

    assert calls == []


def test_packages_that_apt_left_out_are_named(calls, quiet, monkeypatch, tmp_path) -> None:
    """What is still missing after the installation is an error; half-configured packages are mended first."""
    monkeypatch.setattr(packages, "missing", lambda _names: ["mmdebstrap"])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SetupError, match="mmdebstrap"):
        ensure_packages(quiet, log=tmp_path / "log", tests=False)

    assert [each for each in ("--configure", "update", "install") if any(each in argv for argv in calls)] == [
        "--configure",
        "update",
        "install",
    ]


def test_environment_is_installed_from_the_lock(calls, quiet, checkout) -> None:
    """A new environment is made, filled with hashes required, and the package itself added without fetching."""
    (checkout / ".venv").mkdir()
    ensure_environment(quiet, checkout=checkout, log=checkout / "log", tests=False)
    made, locked, editable = calls

    assert made[1:4] == ["-m", "venv", "--clear"]
    assert "--require-hashes" in locked
    assert "--no-index" in editable
    assert (checkout / ".venv" / environment.STAMP).read_text() == fingerprint(checkout, environment.RUN)


def test_environment_that_is_right_is_left(calls, quiet, checkout, monkeypatch) -> None:
    """An environment with the right stamp is not touched; a changed lock makes it stale."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / environment.STAMP).write_text(fingerprint(checkout, environment.RUN))
    monkeypatch.setattr(environment, "_answers", lambda _python: True)
    ensure_environment(quiet, checkout=checkout, log=checkout / "log", tests=False)
    untouched = list(calls)
    (checkout / "requirements.lock").write_text("six==1.17.0 \\\n    --hash=sha256:11\n")
    ensure_environment(quiet, checkout=checkout, log=checkout / "log", tests=False)

    assert untouched == []
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("stands", "tests", "installs"), [("DEVELOP", False, 0), ("DEVELOP", True, 0), ("RUN", True, 2)]
)
def test_environment_for_tests_serves_both(stands, tests, installs, calls, quiet, checkout, monkeypatch) -> None:
    """An environment with the tests' packages runs the toolkit too; the other way round, they are added."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / environment.STAMP).write_text(fingerprint(checkout, getattr(environment, stands)))
    monkeypatch.setattr(environment, "_answers", lambda _python: True)
    ensure_environment(quiet, checkout=checkout, log=checkout / "log", tests=tests)

    assert len(calls) == installs


def test_interrupted_installation_leaves_no_stamp(quiet, checkout, monkeypatch) -> None:
    """An installation that was cut is not taken for a finished one."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / environment.STAMP).write_text("old")

    def cut(_argv: list[str], **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "run", cut)
    with pytest.raises(KeyboardInterrupt):
        ensure_environment(quiet, checkout=checkout, log=checkout / "log", tests=False)

    assert not (checkout / ".venv" / environment.STAMP).exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [(SetupError(vi="hỏng", en="broken"), 1), (PermissionError(13, "denied", "/x"), 1), (KeyboardInterrupt(), 130)],
)
def test_exit_code_says_how_it_ended(error, code, monkeypatch, capsys) -> None:
    """A failed step ends with 1 and one message, an interrupt with 130 and the way on."""

    def fail(*_args: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr(entry, "prepare", fail)
    monkeypatch.setattr(entry.signal, "signal", lambda *_args: None)
    monkeypatch.setenv("SMARTCOMMUNE_LANG", "en")

    assert entry.main([]) == code
    assert capsys.readouterr().out.startswith("✗ ")


def test_old_python_is_refused(quiet, checkout, monkeypatch) -> None:
    """A Python older than 3.11 is named before anything is installed."""
    monkeypatch.setattr(entry, "OLDEST", (sys.version_info[0], sys.version_info[1] + 1))

    with pytest.raises(SetupError, match="or newer is needed"):
        entry.prepare(quiet, checkout=checkout, cache=checkout / "cache", tests=False)


def test_set_up_installs_what_the_doctor_asks_for() -> None:
    """Each program that a computer is examined for comes with a package that the set-up installs."""
    asked = {**PROGRAMS, **PACKAGES}

    assert {name: package for name, package in asked.items() if package not in packages.BASE} == {}
