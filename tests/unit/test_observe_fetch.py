"""Asking several hosts at once; a host is this computer, answered by the same program that answers on hosts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartcommune.observe import fetch
from smartcommune.observe.fetch import SshConnection
from smartcommune.text import Text
from tests.unit.answering_host import Here


@dataclass
class Refusing:
    """A connection that ends with what ssh says of a host that is not there."""

    words: bytes = b"warning\nssh: connect to host server-1 port 22: No route to host\n"

    def ask(self, question: bytes) -> subprocess.CompletedProcess[bytes]:
        """End as ssh does."""
        return subprocess.CompletedProcess([], 255, b"", self.words)


@dataclass
class Silent:
    """A connection that gives no sign."""

    def ask(self, question: bytes) -> subprocess.CompletedProcess[bytes]:
        """Wait longer than anybody does."""
        raise subprocess.TimeoutExpired(["ssh"], 120.0)


def test_each_host_is_asked_once():
    """All commands of a host go in one question, each once, and the answers come in the commands' order."""
    first, second = Here(), Here()

    seen = fetch.fetch({"a": first, "b": second}, {"a": ["echo Xã", "exit 4", "echo Xã"], "b": ["printf '\\377'"]})

    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert [(each.command, each.status, each.stdout) for each in seen["a"].observations] == [
        ("echo Xã", 0, "Xã\n"),
        ("exit 4", 4, ""),
    ]
    assert seen["b"].observations[0].output() == (b"\xff", b"")
    assert seen["b"].observations[0].encoding == "base64"


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        (Refusing(), "ssh: connect to host server-1 port 22: No route to host"),
        (Refusing(b""), Text(vi="ssh kết thúc với mã 255", en="ssh ended with 255")),
        (Silent(), Text(vi="không trả lời trong 120 giây", en="no answer within 120 s")),
    ],
)
def test_a_host_that_does_not_answer_is_one_line(connection, reason):
    """A host out of reach has a reason and no observations; the others are answered."""
    seen = fetch.fetch({"gone": connection, "here": Here()}, {"gone": ["id"], "here": ["id"]})

    assert (seen["gone"].reached, seen["gone"].reason, seen["gone"].observations) == (False, reason, ())
    assert seen["here"].reached


def test_of_an_answer_that_is_cut_the_whole_frames_count():
    """What a lost link cut off is not among the observations, and the host says that something is missing."""
    commands = [f"head -c 20000 /dev/urandom; echo {number}" for number in range(4)]

    seen = fetch.observe("a", Here(keep=50_000), commands)

    assert seen.reached
    assert 0 < len(seen.observations) < 4
    assert isinstance(seen.reason, Text)
    assert all(len(each.output()[0]) == 20002 for each in seen.observations)


def test_what_gave_no_answer_says_why():
    """A command that gives too much has no status, and names its problem."""
    (seen,) = fetch.observe("a", Here(), ["yes"]).observations

    assert (seen.status, seen.problem, seen.stdout) == (None, "too_big", "")


@pytest.mark.parametrize("auditor", [False, True])
def test_ssh_gets_the_question_as_one_command(monkeypatch, auditor):
    """As the administrator the program travels along and runs by sudo; an auditor sends the question alone."""
    run = []
    monkeypatch.setattr(subprocess, "run", lambda argv, **options: run.append((argv, options)))

    SshConnection("server-1", Path("ssh_config"), auditor=auditor).ask(fetch.pack(["echo 'it''s'"]))

    ((argv, options),) = run
    assert argv[:3] == ["ssh", "-F", "ssh_config"]
    assert ("sudo -n /usr/bin/python3 -I -c" in argv[-1]) is not auditor
    assert (argv[3:5] == ["-l", "auditor"]) is auditor
    assert options["input"] == b""


def test_a_long_question_goes_by_standard_input(monkeypatch):
    """What does not fit into one argument is not cut: it goes by standard input."""
    run = []
    monkeypatch.setattr(subprocess, "run", lambda argv, **options: run.append((argv, options)))

    SshConnection("server-1", Path("ssh_config")).ask(b"x" * 130_000)

    ((argv, options),) = run
    assert options["input"] == b"x" * 130_000
    assert "xxx" not in argv[-1]


def test_the_program_that_travels_answers():
    """The line that ssh carries is the whole program: a shell that runs it gets the answers."""
    question = fetch.pack(["echo here"])
    line = f"{sys.executable} -I -c '{fetch._program()}' '{question.decode()}'"
    assert "'" not in fetch._program() + question.decode()

    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, timeout=20)

    assert [each.stdout for each in fetch.unpack(["echo here"], done.stdout)] == ["here\n"]
