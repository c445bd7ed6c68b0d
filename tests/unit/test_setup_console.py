"""Set-up's console: language, progress, and what is kept of programs."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from bootstrap import console as module
from bootstrap.console import Console, Counter, language, run
from bootstrap.errors import SetupError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return true."""
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi_VN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"SMARTCOMMUNE_LANG": "vi", "LC_ALL": "C"}, "vi"),
    ],
)
def test_language_follows_the_locale(environment, expected) -> None:
    """The toolkit's own variable wins over the locale, whose categories win in POSIX's order."""
    assert language(environment) == expected


def test_counter_counts_its_lines() -> None:
    """A counter knows how many of an expected total were announced, and never shows more than all."""
    counter = Counter("Collecting ", 2)
    before = counter.describe()
    for line in ("Collecting a\n", "  Downloading a\n", "Collecting b\n", "Collecting c\n"):
        counter.feed(line)

    assert before == ""
    assert counter.describe() == "3/3"


def test_run_keeps_the_output(tmp_path) -> None:
    """What a program prints is in the log, after its command line, and not on the console."""
    out = io.StringIO()
    log = tmp_path / "logs" / "step.log"
    run([sys.executable, "-c", "print('xin chào')"], console=Console(lang="en", out=out), log=log)

    assert log.read_text(encoding="utf-8").startswith("$ ")
    assert log.read_text(encoding="utf-8").endswith("xin chào\n")
    assert out.getvalue() == ""


def test_run_quotes_a_failure(tmp_path) -> None:
    """A program that fails is an error in both languages, with its last lines and the log's place."""
    log = tmp_path / "step.log"
    with pytest.raises(SetupError) as caught:
        run([sys.executable, "-c", "print('no space'); raise SystemExit(3)"], console=Console(lang="en"), log=log)

    assert "ended with 3" in caught.value.en
    assert "mã 3" in caught.value.vi
    assert "no space" in caught.value.en
    assert str(log) in caught.value.en


def test_run_names_a_missing_program(tmp_path) -> None:
    """A program that does not exist is an error that names it."""
    with pytest.raises(SetupError, match="no-such-program"):
        run(["no-such-program"], console=Console(lang="en"), log=tmp_path / "step.log")


@pytest.mark.parametrize(("stream", "mark"), [(io.StringIO, "\n"), (Terminal, "\x1b[K")])
def test_heartbeat_suits_the_stream(stream, mark, tmp_path, monkeypatch) -> None:
    """A long step shows that it lives; control characters go to a terminal only."""
    monkeypatch.setattr(module, "TERMINAL_PERIOD", 0.05)
    monkeypatch.setattr(module, "LOG_PERIOD", 0.05)
    out = stream()
    beat = threading.Event()
    gate = tmp_path / "gate"
    console = Console(lang="en", out=out)
    shown = console.heartbeat

    def release(seconds: float, described: str) -> None:
        shown(seconds, described)
        beat.set()
        gate.touch()

    monkeypatch.setattr(console, "heartbeat", release)
    wait = "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)"
    run([sys.executable, "-c", wait, str(gate)], console=console, log=tmp_path / "log")

    assert beat.is_set()
    assert "… 0 s" in out.getvalue()
    assert mark in out.getvalue()
    assert ("\x1b" in out.getvalue()) == isinstance(out, Terminal)
