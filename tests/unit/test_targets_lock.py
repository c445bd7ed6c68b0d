"""The commune's lock: held once, told to others, taken over from the dead, inherited by the engine."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from smartcommune.errors import LockedError
from smartcommune.targets import lock

HOLDER = """
import sys, pathlib, subprocess
from smartcommune.targets.lock import hold
with hold(pathlib.Path(sys.argv[1]), command="smartcommune apply vi-huong") as descriptor:
    if len(sys.argv) > 2:
        subprocess.Popen(["sleep", sys.argv[2]], pass_fds=(descriptor,), stdout=subprocess.DEVNULL)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the lock is."""
    return tmp_path / "vi-huong" / "lab" / "lock"


def start_holder(path: Path, *more: str) -> subprocess.Popen[str]:
    """Start another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    """End a holder and reap it."""
    process.send_signal(number)
    process.communicate()


def test_the_holder_is_named(path: Path) -> None:
    """A second run is told who holds the lock, since when, with which command, and how to release it."""
    process = start_holder(path)
    try:
        with pytest.raises(LockedError) as error, lock.hold(path):
            pass
    finally:
        end(process)

    text = error.value.message
    for part in (socket.gethostname(), "smartcommune apply vi-huong", str(process.pid), "20"):
        assert part in text.en
        assert part in text.vi
    assert error.value.todo is not None
    assert "smartcommune unlock vi-huong --target lab" in error.value.todo.en


def test_a_dead_holder_is_taken_over_silently(path: Path) -> None:
    """After kill -9 of its holder the lock is free at once."""
    end(start_holder(path))

    assert json.loads(path.read_text())["command"] == "smartcommune apply vi-huong"
    with lock.hold(path, command="smartcommune plan"):
        assert lock.load_holder(path) == lock.Holder(
            **{**json.loads(path.read_text()), "pid": os.getpid(), "command": "smartcommune plan"}
        )


def test_an_engine_that_outlives_its_program_is_waited_for(path: Path) -> None:
    """The lock stays held while a child of the dead holder has inherited it, and is taken when the child ends."""
    end(start_holder(path, "0.6"))

    start = time.monotonic()
    with lock.hold(path):
        waited = time.monotonic() - start
    assert 0.1 < waited < 5


def test_it_can_wait(path: Path) -> None:
    """With ``wait`` the second run starts as soon as the first one ends."""
    process = start_holder(path)
    timer = threading.Timer(0.3, process.kill)
    timer.start()

    with lock.hold(path, wait=timedelta(seconds=10)):
        assert path.exists()
    timer.join()
    process.communicate()


def test_a_released_lock_names_nobody(path: Path) -> None:
    """After an orderly end the file is empty."""
    with lock.hold(path):
        assert lock.load_holder(path) is not None

    assert lock.load_holder(path) is None
