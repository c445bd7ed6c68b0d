"""Standard streams of every kind: closed, full, read no more, in another encoding; a working folder that is gone."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys

import pytest

from smartcommune import refusals
from smartcommune.cli import main, privilege
from smartcommune.cli.session import Session
from smartcommune.errors import UsageError

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}


def run(redirections, *arguments, **environment):
    """Run the program by a shell with its streams redirected; return exit status, stdout and stderr as bytes."""
    done = subprocess.run(
        ["bash", "-c", f'"$@" {redirections}', "-", sys.executable, "-m", "smartcommune", *arguments],
        env=ENVIRONMENT | environment,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("--version", "--json")], ids=" ".join)
def test_closed_streams_are_no_failure(arguments):
    """Started by something that keeps no streams open, a command does its work and its exit code tells of it."""
    assert run(">&- 2>&- <&-", *arguments)[0] == 0
    assert run(">&- 2>&- <&-", *arguments, "--no-such-option")[0] == 2


def test_a_result_that_cannot_be_written_is_said():
    """A full disk where the result goes is one message and a failure, for text and for documents."""
    for form in ((), ("--json",)):
        code, _, err = run(">/dev/full", "--version", *form)
        assert (code, err.decode().splitlines()[0]) == (
            1,
            "error: the result cannot be written: No space left on device",
        )


def test_a_message_that_cannot_be_written_changes_no_exit_code():
    """Where messages go nowhere, the exit code still says what happened."""
    assert run("2>/dev/full", "no-such-command")[0] == 2


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)], ids=" ".join)
def test_a_reader_that_has_gone_ends_it_quietly(arguments):
    """``| head`` ends the program as it ends others: by 128 + SIGPIPE, without a word."""
    assert run("| true; exit ${PIPESTATUS[0]}", *arguments) == (141, b"", b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_no_encoding_makes_output_fail(encoding):
    """What a terminal cannot show is replaced; documents are UTF-8 all the same."""
    code, out, _ = run("", "--lang", "vi", "--help", PYTHONIOENCODING=encoding)
    wrong, document, _ = run("", "no-such-command", "--json", PYTHONIOENCODING=encoding)

    assert (code, wrong) == (0, 2)
    assert "kiểm tra".encode(encoding, "replace") in out
    assert "không có lệnh" in json.loads(document)["error"]["message"]["vi"]


def test_a_working_folder_that_is_gone_is_no_matter(tmp_path):
    """Messages name the program by its whole path then."""
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["bash", "-c", 'rmdir "$PWD"; exec "$@"', "-", sys.executable, "-m", "smartcommune", "no-such-command"],
        cwd=gone,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == f"error: No such command 'no-such-command'.\n  → see: {sys.executable} -m smartcommune --help\n"
    )


def test_progress_that_nobody_reads_does_not_end_a_run(monkeypatch):
    """Messages on a broken pipe are dropped: the run that they tell of goes on."""

    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(sys, "stderr", Broken())
    session = Session()

    assert session.note("one") is None
    assert session.error("two") is None


@pytest.mark.parametrize(
    ("error", "vi", "advised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "đĩa đầy", True),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: không có quyền", False),
        (OSError(errno.EIO, "Input/output error", "/x"), "/x: Input/output error", False),
    ],
)
def test_what_the_system_refuses_is_said_in_both_languages(error, vi, advised):
    """The file, if there is one, and the reason; what to do where that is known."""
    message, todo = refusals.describe(error)

    assert message.vi == vi
    assert message.en.endswith(error.strerror)
    assert (todo is not None) == advised
    assert refusals.is_known(error)


def test_a_state_that_cannot_be_written_says_what_to_set(capsys, monkeypatch, tmp_path):
    """The message names the folder, and the variable by which another one is chosen."""
    (tmp_path / "state").write_text("a file")
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path / "state"))
    code = main.run(["status", "vi-huong", "--lang", "vi"], {})

    assert code == 1
    assert "hoặc đặt SMARTCOMMUNE_STATE" in capsys.readouterr().err


def test_a_password_that_nobody_can_type_is_wrong_use(monkeypatch, tmp_path):
    """Without a terminal, sudo is tried first: what it wants is said before anything is started."""
    (tmp_path / "sudo").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match="sudo asks for a password"):
        REAL_BECOME_ROOT(Session())


REAL_BECOME_ROOT = privilege.become_root
