"""Processes: told apart by pid and start time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from smartcommune.lab import process
from smartcommune.lab.process import Process, load_process


@pytest.fixture
def sleeper():
    """A child that sleeps."""
    child = subprocess.Popen(["sleep", "60"])
    yield child
    child.kill()
    child.wait()


def test_this_process_is_alive():
    """The test's own process is found, with a start time in the past."""
    own = Process(os.getpid(), process.start_ticks(os.getpid()))
    assert own.alive
    assert 0 <= time.time() - own.started_at < 24 * 3600


def test_a_reused_pid_is_not_taken_for_ours(sleeper, tmp_path):
    """With another start time it is another process: not alive, not signalled."""
    other = Process(sleeper.pid, process.start_ticks(sleeper.pid) + 1)
    other.send(signal.SIGKILL)
    assert not other.alive
    assert sleeper.poll() is None
    (tmp_path / "pid").write_text(f"{other.pid} {other.started}\n")
    assert load_process(tmp_path / "pid") is None


def test_end_insists(tmp_path):
    """A process that does not obey TERM is killed, and wait sees it."""
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        found = Process(child.pid, process.start_ticks(child.pid))
        found.end(0.1)
        assert not found.alive
    assert child.returncode == -signal.SIGKILL


def test_wait_gives_up_after_its_time(sleeper):
    """A process that goes on is waited for no longer than asked."""
    found = Process(sleeper.pid, process.start_ticks(sleeper.pid))
    assert not found.wait(0.05)
    assert found.alive


def test_children_are_found(sleeper):
    """A child is among its parent's children."""
    assert sleeper.pid in process.children(os.getpid())
    assert process.parent(sleeper.pid) == os.getpid()


@pytest.mark.parametrize("text", ["", "12", "x y", "1 2 3"])
def test_a_broken_pid_file_is_no_process(tmp_path, text):
    """A file that was cut short names nothing."""
    (tmp_path / "pid").write_text(text)
    assert load_process(tmp_path / "pid") is None
