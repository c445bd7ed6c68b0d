"""Signals to the whole program: while it loads, while it runs, and while it tells of an interrupt already."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.interrupts import interrupts_heeded

START = "from smartcommune.__main__ import main; main()"
# stands in for the command line's module; waits where an import would take its time
LOADING = """
import sys, time
class Finder:
    def find_spec(self, name, *_):
        if name == "smartcommune.cli.main":
            print("loading", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Finder())
"""
TELLING = """
import sys, time, types
def main():
    try:
        print("running", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("telling", flush=True)
        time.sleep(60)
module = types.ModuleType("smartcommune.cli.main")
module.main = main
sys.modules["smartcommune.cli.main"] = module
"""
ENDED = """
import os, signal, sys, time
from smartcommune.cli import main
signal.signal(signal.{name}, signal.{before})
main.run = lambda *_: os.kill(os.getpid(), signal.{name})
try:
    main.main()
except KeyboardInterrupt:
    sys.exit(7)
"""


def interrupted(code, *words):
    """Run code, interrupt it at each word that it says; return its exit status and what it said to stderr."""
    command = [sys.executable, "-c", code + START]
    with (
        interrupts_heeded(),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        for word in words:
            assert process.stdout.readline() == f"{word}\n"
            process.send_signal(signal.SIGINT)
        return process.wait(30), process.stderr.read()


def test_an_interrupt_while_it_loads_is_silent():
    """Nothing was touched yet: the process ends by the signal, without a traceback."""
    assert interrupted(LOADING, "loading") == (-signal.SIGINT, "")


def test_a_second_interrupt_is_an_interrupt_too():
    """Whoever cannot wait for the end of an interrupted run gets the same exit code, and no traceback."""
    assert interrupted(TELLING, "running", "telling") == (130, "")


@pytest.mark.parametrize(
    ("name", "before", "status"),
    [("SIGTERM", "SIG_DFL", 7), ("SIGHUP", "SIG_DFL", 7), ("SIGHUP", "SIG_IGN", 0)],
)
def test_a_request_to_end_is_an_interrupt(name, before, status):
    """TERM and the terminal's end stop a run in order; started by nohup, the terminal's end means nothing."""
    done = subprocess.run([sys.executable, "-c", ENDED.format(name=name, before=before)], check=False)

    assert done.returncode == status
