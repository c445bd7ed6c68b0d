"""Say each step, show that it lives, and keep what programs print in a log file."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, TextIO

from bootstrap.errors import SetupError

Language = Literal["vi", "en"]
TERMINAL_PERIOD = 1.0  # seconds between two heartbeats on a terminal, where the line is redrawn
LOG_PERIOD = 15.0  # seconds between two heartbeats elsewhere, where each is a line of its own


def language(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the locale: Vietnamese where it says so, else English."""
    for variable in ("SMARTCOMMUNE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return "vi" if value.lower().startswith("vi") else "en"
    return "en"


class Progress(Protocol):
    """Counts what a program has done, from the lines that it prints."""

    def feed(self, line: str) -> None:
        """Take one line of the program's output."""

    def describe(self) -> str:
        """Return what is known so far, or nothing."""


class Counter:
    """Counts lines that start with a word, such as pip's ``Collecting``, out of an expected total."""

    def __init__(self, prefix: str, total: int) -> None:
        self._prefix = prefix
        self._total = total
        self._count = 0

    def feed(self, line: str) -> None:
        """Count the line if it starts with the word."""
        if line.startswith(self._prefix):
            self._count += 1

    def describe(self) -> str:
        """Return ``37/92``, or nothing before the first line."""
        return f"{self._count}/{max(self._total, self._count)}" if self._count else ""


class Console:
    """Where set-up talks to its user."""

    def __init__(self, *, lang: Language, out: TextIO | None = None) -> None:
        self.lang = lang
        self._out = out or sys.stdout
        self._terminal = self._out.isatty()

    def say(self, *, vi: str, en: str) -> None:
        """Print one line."""
        print(vi if self.lang == "vi" else en, file=self._out, flush=True)

    def step(self, *, vi: str, en: str) -> None:
        """Announce a step."""
        self.say(vi=f"▸ {vi}", en=f"▸ {en}")

    def done(self, *, vi: str, en: str) -> None:
        """Say how a step ended."""
        self.say(vi=f"  ✓ {vi}", en=f"  ✓ {en}")

    def heartbeat(self, seconds: float, described: str) -> None:
        """Show that a long step lives: redraw one line on a terminal, add a line elsewhere."""
        text = f"  … {seconds:.0f} s" + (f"  {described}" if described else "")
        end = "" if self._terminal else "\n"
        print(f"\r\x1b[K{text}" if self._terminal else text, end=end, file=self._out, flush=True)

    def clear(self) -> None:
        """Remove the heartbeat from a terminal."""
        if self._terminal:
            print("\r\x1b[K", end="", file=self._out, flush=True)

    @property
    def period(self) -> float:
        """Seconds between two heartbeats."""
        return TERMINAL_PERIOD if self._terminal else LOG_PERIOD


def run(
    argv: Sequence[str],
    *,
    console: Console,
    log: Path,
    progress: Progress | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> None:
    """Run a program with its output in ``log`` and a heartbeat on the console.

    The program is ended when this one is interrupted.

    Raises:
        SetupError: the program is missing or failed; the message quotes the log's last lines.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=15)
    with log.open("a", encoding="utf-8") as kept:
        print(f"$ {' '.join(argv)}", file=kept, flush=True)
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=dict(os.environ) | dict(environment or {}),
                cwd=directory,
                # same session and terminal: sudo finds its ticket, and an interrupt from the keyboard reaches all
            )
        except FileNotFoundError as error:
            raise SetupError(vi=f"không có chương trình {argv[0]}", en=f"program {argv[0]} is missing") from error
        reader = threading.Thread(target=_read, args=(process, kept, tail, progress), daemon=True)
        reader.start()
        _wait(process, console, progress)
        reader.join()
    if process.returncode != 0:
        quoted = "\n".join(f"    {line}" for line in tail)
        raise SetupError(
            vi=f"{argv[0]} kết thúc với mã {process.returncode} (nhật ký: {log}):\n{quoted}",
            en=f"{argv[0]} ended with {process.returncode} (log: {log}):\n{quoted}",
        )


def _read(process: subprocess.Popen[str], kept: TextIO, tail: deque[str], progress: Progress | None) -> None:
    assert process.stdout is not None  # noqa: S101 - asked for by Popen above; tells the type checker
    with process.stdout as lines:
        for line in lines:
            kept.write(line)
            kept.flush()
            tail.append(line.rstrip())
            if progress:
                progress.feed(line)


def _wait(process: subprocess.Popen[str], console: Console, progress: Progress | None) -> None:
    begin = time.monotonic()
    try:
        while True:
            try:
                process.wait(timeout=console.period)
                return
            except subprocess.TimeoutExpired:
                console.heartbeat(time.monotonic() - begin, progress.describe() if progress else "")
    except BaseException:
        with contextlib.suppress(PermissionError):  # a program started by sudo hears the terminal itself
            process.terminate()
        process.wait()
        raise
    finally:
        console.clear()
