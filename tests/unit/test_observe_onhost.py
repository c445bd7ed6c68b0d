"""The program that answers on a host, run here as a process of its own, as a host would."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
import zlib
from typing import Any

import pytest

from smartcommune.observe import onhost


def packed(asked: Any) -> str:
    """Return a question as it travels."""
    return base64.b85encode(zlib.compress(json.dumps(asked).encode())).decode()


def ask(asked: Any, *options: str, by_stdin: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Put a question to the program."""
    text = packed(asked)
    argv = [sys.executable, "-I", onhost.__file__, *options, *([] if by_stdin else [text])]
    return subprocess.run(argv, input=text.encode() if by_stdin else b"", capture_output=True, check=False, timeout=20)


def answers(*commands: str, options: tuple[str, ...] = (), by_stdin: bool = False, **limits: Any) -> dict[int, Any]:
    """Return status and outputs by the command's place."""
    done = ask({"c": list(commands), "p": 2, "t": 5, "m": 1000, **limits}, *options, by_stdin=by_stdin)
    assert done.returncode == 0, done.stderr
    data = zlib.decompress(done.stdout.partition(onhost.MARKER)[2])
    found: dict[int, Any] = {}
    while data:
        index, status, out, err, _, _ = onhost.FRAME.unpack_from(data)
        data = data[onhost.FRAME.size :]
        found[index] = (status, data[:out], data[out : out + err])
        data = data[out + err :]
    return found


@pytest.mark.parametrize("by_stdin", [False, True])
def test_all_commands_are_answered(by_stdin):
    """Each command's status and both outputs come back under its place, in whichever order they end."""
    found = answers("echo một", "echo no >&2; exit 3", "kill -9 $$", "nothing-of-that-name", by_stdin=by_stdin)

    assert found[0] == (0, "một\n".encode(), b"")
    assert found[1] == (3, b"", b"no\n")
    assert found[2] == (137, b"", b"")
    assert found[3][0] == 127


def test_a_hanging_command_costs_only_itself():
    """What does not end in time is killed with all that it started; the others are answered."""
    found = answers("sleep 31.4159 & sleep 31.4159", "echo here", t=0.3)

    assert (found[0][0], found[1]) == (onhost.TIMEOUT, (0, b"here\n", b""))
    assert subprocess.run(["pgrep", "-f", "^sleep 31.4159"], check=False, capture_output=True).returncode == 1


def test_what_goes_on_in_the_background_is_not_waited_for():
    """A command that leaves a child behind ends when it ends itself."""
    began = time.monotonic()

    assert answers("sleep 4 & echo done")[0] == (0, b"done\n", b"")
    assert time.monotonic() - began < 3


def test_too_much_output_is_not_taken():
    """A command that gives more than is taken is ended, and says so."""
    found = answers("yes", "head -c 900 /dev/zero")

    assert found[0] == (onhost.TOO_BIG, b"", b"")
    assert len(found[1][1]) == 900


def test_only_listed_commands_are_run(tmp_path):
    """With a list, a command runs if it stands there exactly as asked: nothing added, nothing left out."""
    listed, planted = tmp_path / "allow.json", tmp_path / "planted"
    listed.write_text(json.dumps(["echo yes"]))
    asked = ["echo yes", "echo yes ", "echo yes; id", f"touch {planted}", "echo  yes", "echo yes\n"]

    found = answers(*asked, options=("--allow", str(listed)))

    assert found[0] == (0, b"yes\n", b"")
    assert {found[place][0] for place in range(1, len(asked))} == {onhost.REFUSED}
    assert not planted.exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"c": ["id"], "p": 1, "t": 1},
        {"c": ["id"], "p": 1, "t": 1, "m": 1, "allow": "/tmp/mine"},
        {"c": "id", "p": 1, "t": 1, "m": 1},
        {"c": [["id"]], "p": 1, "t": 1, "m": 1},
        {"c": ["id\0"], "p": 1, "t": 1, "m": 1},
        {"c": ["\ud800"], "p": 1, "t": 1, "m": 1},
        {"c": ["x" * (1 << 17)], "p": 1, "t": 1, "m": 1},
        {"c": ["id"], "p": 0, "t": 1, "m": 1},
        {"c": ["id"], "p": 1, "t": -1, "m": 1},
        {"c": ["id"], "p": 1, "t": 1e9, "m": 1},
        {"c": ["id"], "p": 1, "t": True, "m": 1},
        {"c": ["id"] * 2001, "p": 1, "t": 1, "m": 1},
        ["id"],
        {"c": ["x" * (2 << 20)], "p": 1, "t": 1, "m": 1},
    ],
)
def test_anything_else_is_refused_whole(asked):
    """A question with a wrong key, type or limit, or one that unpacks to more than is read, runs nothing."""
    done = ask(asked, by_stdin=True)

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"not a question")


@pytest.mark.parametrize("text", ["", "~~~", "not base85 \x7f", base64.b85encode(b"not zlib").decode()])
def test_what_is_not_packed_right_is_refused(text):
    """Bytes that are no packed question are refused without a traceback."""
    argv = [sys.executable, "-I", onhost.__file__, text]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=20)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_commands_see_nothing_of_the_callers_environment(monkeypatch):
    """What the caller's environment carries steers no command."""
    monkeypatch.setenv("BASH_ENV", "/tmp/mine")
    monkeypatch.setenv("LD_PRELOAD_X", "mine")

    seen = answers("env")[0][1].decode()

    assert "mine" not in seen
    assert "LC_CTYPE" not in seen
