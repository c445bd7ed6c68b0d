"""The command line as a whole: global options, wrong use, failures, help in both languages, start-up."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer

from smartcommune import __version__
from smartcommune.cli import completion, main
from smartcommune.cli.examples import EXAMPLES
from smartcommune.cli.help import texts, walk
from smartcommune.cli.privilege import sudo_command
from smartcommune.cli.reference import render_reference
from smartcommune.cli.vietnamese import VIETNAMESE
from smartcommune.errors import LockedError, NotReachedError, UsageError
from smartcommune.text import Text

ENGLISH = {"LANG": "C.UTF-8"}
FORBIDDEN = ("Traceback", "\x1b", "\r")


@pytest.fixture(autouse=True)
def _state(tmp_path, monkeypatch):
    """Keep what the command line writes out of the checkout."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path / "state"))


def run(capsys, *arguments, environ=ENGLISH):
    """Run a command line; return exit code, stdout and stderr."""
    code = main.run(arguments, environ)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("--bogus",),
        ("--lang",),
        ("--lang", "fr", "validate"),
        ("--lang=", "validate"),
        ("plan",),
        ("apply",),
        ("apply", "no-such-profile"),
        ("apply", "vi-huong", "extra"),
        ("apply", "vi-huong", "--bogus"),
        ("apply", "vi-huong", "--wait", "soon"),
        ("apply", "vi-huong", "--wait", "-1"),
        ("apply", "vi-huong", "--limit", "no-such-host"),
        ("apply", "vi-huong", "--target", "moon"),
        ("apply", "vi-huong", "--plan", "/no/such/plan"),
        ("apply", "/no/such/profile.yml"),
        ("apply", ""),
        ("apply", "../vi-huong"),
        ("plan", "vi-huong", "--out"),
        ("plan", "vi-huong", "--exit-code=maybe"),
        ("validate", "no-such-profile"),
        ("validate", "/etc/passwd"),
        ("validate", "/dev/null"),
        ("explain",),
        ("verify", "no-such-profile"),
        ("verify", "vi-huong", "--limit", "no-such-host"),
        ("report", "no-such-profile"),
        ("report", "vi-huong"),
        ("status",),
        ("backup", "vi-huong", "--limit", "no-such-host"),
        ("restore",),
        ("destroy",),
        ("unlock", "no-such-profile"),
        ("doctor", "vi-huong"),
        ("lab", "bogus"),
        ("lab", "shell", "vi-huong"),
        ("lab", "logs", "vi-huong"),
        ("lab", "logs", "vi-huong", "server-1", "--unit"),
        ("lab", "open"),
        ("lab", "open", "vi-huong", "no-such-endpoint"),
        ("lab", "open", "no-such-profile"),
        ("lab", "kill", "vi-huong"),
        ("lab", "cut", "vi-huong"),
        ("lab", "reset"),
        ("lab", "reboot", "no-such-profile", "server-1"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2_and_one_message(capsys, arguments):
    """Wrong use is told in both output forms, with exit code 2, without a traceback or control characters."""
    code, out, err = run(capsys, *arguments)
    document_code, document, _ = run(capsys, "--json", *arguments)

    assert (code, document_code) == (2, 2)
    assert err
    assert not [sign for sign in FORBIDDEN if sign in out + err + document]
    if "--lang" not in arguments:
        assert isinstance(json.loads(document), dict)


def test_version_needs_no_command(capsys):
    """The version is told without a command, as a line and as a document."""
    assert run(capsys, "--version") == (0, f"smartcommune {__version__}\n", "")
    code, out, _ = run(capsys, "--version", "--json")
    assert (code, json.loads(out)) == (0, {"version": __version__})


@pytest.mark.parametrize("path", [path for path, _ in walk(typer.main.get_command(main.build_app()))], ids=" ".join)
def test_help_can_be_a_document(capsys, path):
    """With --json, help is a document: what the command takes, in both languages, and examples to paste."""
    code, out, err = run(capsys, *path, "--help", "--json")
    told = json.loads(out)

    assert (code, err) == (0, "")
    assert told["command"] == " ".join(("smartcommune", *path))
    assert told["examples"] == list(EXAMPLES[path])
    for each in (told, *told["arguments"], *told["options"], *told["commands"]):
        assert each["help"]["en"]
        assert each["help"]["vi"] != each["help"]["en"]


@pytest.mark.parametrize("option", main.COMPLETION)
def test_completion_has_no_document(capsys, option):
    """A script for the shell is no JSON: asking for both is wrong use, and nothing is installed."""
    code, out, _ = run(capsys, option, "--json")

    assert (code, json.loads(out)["error"]["exit_code"]) == (2, 2)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError(Text(vi="sai", en="wrong"), todo=Text(vi="sửa", en="mend it")), 2, "error: wrong"),
        (LockedError(Text(vi="khóa", en="locked")), 1, "error: locked"),
        (NotReachedError(Text(vi="xa", en="far")), 4, "error: far"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (typer.Abort(), 130, "error: interrupted"),
        (typer.Exit(3), 3, ""),
        (PermissionError(13, "Permission denied", "/x/y"), 1, "error: /x/y: Permission denied"),
        (ValueError("boom\nsecond line"), 1, "error: unexpected failure: ValueError: boom"),
    ],
)
def test_each_failure_has_its_exit_code_and_one_message(capsys, monkeypatch, error, code, line):
    """Known failures are one message; an unknown one is one line and the name of a log that has the rest."""

    def fail(*_arguments):
        raise error

    monkeypatch.setattr("smartcommune.cli.loading.load_commune", fail)
    seen, out, err = run(capsys, "status", "vi-huong")

    assert (seen, out) == (code, "")
    assert err.lstrip().startswith(line)
    assert "Traceback" not in err


def test_unknown_failure_keeps_a_private_log(capsys, monkeypatch, tmp_path):
    """The log has the traceback, and nobody else may read it."""
    monkeypatch.setattr("smartcommune.cli.loading.load_commune", lambda *_: 1 / 0)
    run(capsys, "status", "vi-huong")
    (log,) = (tmp_path / "state" / "logs").iterdir()

    assert "ZeroDivisionError" in log.read_text(encoding="utf-8")
    assert log.stat().st_mode & 0o777 == 0o600


def test_json_failure_is_the_one_document(capsys):
    """With --json a failure is a document with both languages, wherever the option stands."""
    code, out, err = run(capsys, "report", "no-such-profile", "--json")
    error = json.loads(out)["error"]

    assert (code, error["exit_code"], err) == (2, 2, "")
    assert error["message"]["vi"] != error["message"]["en"]


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        (["plan", "x", "--json", "--lang", "vi"], ["--json", "--lang", "vi", "plan", "x"]),
        (["plan", "-q", "--lang=en"], ["-q", "--lang=en", "plan"]),
        (["lab", "shell", "x", "y", "--", "ls", "--json"], ["lab", "shell", "x", "y", "--", "ls", "--json"]),
        (["plan", "--lang"], ["--lang", "plan"]),
    ],
)
def test_global_options_may_stand_anywhere_before_a_foreign_command(given, hoisted):
    """Global options are taken from anywhere, but not from behind ``--``."""
    assert main.hoist(given) == hoisted


@pytest.mark.parametrize(
    ("arguments", "environ", "word"),
    [
        (("--lang", "vi", "plan"), ENGLISH, "thiếu đối số"),
        (("plan",), {"LANG": "vi_VN.UTF-8"}, "thiếu đối số"),
        (("plan", "--lang", "en"), {"LANG": "vi_VN.UTF-8"}, "Missing argument"),
    ],
)
def test_language_comes_from_the_option_or_the_locale(capsys, arguments, environ, word):
    """--lang wins over the locale."""
    assert word in run(capsys, *arguments, environ=environ)[2]


def _commands():
    return list(walk(typer.main.get_command(main.build_app())))


def test_every_help_text_has_a_translation():
    """No help text is missing in Vietnamese, and no translation is left over."""
    english = set(texts(typer.main.get_command(main.build_app()))) | {
        "Arguments",
        "Options",
        "Commands",
        "Show this message and exit.",
    }

    assert english - VIETNAMESE.keys() == set()
    assert VIETNAMESE.keys() - english == set()


def test_every_command_has_examples_that_are_valid_command_lines():
    """Each command shows an example, and each example names an existing command."""
    paths = {path for path, _ in _commands()}

    assert paths == EXAMPLES.keys()
    for path, lines in EXAMPLES.items():
        assert all(line.startswith(" ".join(("smartcommune", *path))) for line in lines if path)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_command_shows_help(capsys, language):
    """--help of each command ends with 0 and has examples, without control characters."""
    for path, _ in _commands():
        code, out, err = run(capsys, "--lang", language, *path, "--help")

        assert (code, err) == (0, "")
        assert {"vi": "Ví dụ:", "en": "Examples:"}[language] in out
        assert not [sign for sign in FORBIDDEN if sign in out]


def test_reference_has_every_command():
    """docs/cli.md is written from the commands, so that none is left out."""
    reference = render_reference()

    assert all(f"\n## {' '.join(('smartcommune', *path))}\n" in reference for path, _ in _commands())
    assert "None" not in reference


def test_start_up_is_quick_and_light():
    """--help imports neither Pulumi nor Ansible nor what else is heavy, and takes well under a second of work."""
    code = (
        "import sys, os, time; from smartcommune.cli.main import run; run(['--help'], os.environ);"
        "heavy = {'pulumi', 'ansible', 'httpx', 'yaml', 'jinja2', 'netmiko'} & set(sys.modules);"
        "sys.stderr.write(f'{time.process_time()} {sorted(heavy)}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, _, heavy = done.stderr.partition(" ")

    assert heavy == "[]"
    assert float(seconds) < 1  # 0.2 of a processor, however busy it is with others


def test_completion_answers_the_shell():
    """The shell gets profiles for a profile, and commands for a command."""
    environ = os.environ | {"_SMARTCOMMUNE_COMPLETE": "complete_bash", "COMP_CWORD": "2"}

    def complete(words):
        return subprocess.run(
            [sys.executable, "-m", "smartcommune"],
            env=environ | {"COMP_WORDS": words},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()

    assert "vi-huong" in complete("smartcommune apply vi-")


class _Typed:
    """A command line typed so far."""

    def __init__(self, **params):
        self.params = params


@pytest.mark.parametrize(
    ("complete", "typed", "begin", "answer"),
    [
        (completion.hosts, {"profile": "vi-huong"}, "ser", ["server-1"]),
        (completion.endpoints, {"profile": "vi-huong"}, "cua", ["cua-hang"]),
        (completion.targets, {"profile": "vi-huong"}, "l", ["lab"]),
        (completion.hosts, {"profile": "no-such-profile"}, "", []),
        (completion.hosts, {}, "", []),
        (completion.endpoints, {"profile": "/etc/hostname"}, "", []),
    ],
)
def test_completion_knows_the_profile(complete, typed, begin, answer):
    """Hosts, addresses and targets are those of the profile typed before; a broken one completes nothing."""
    assert complete(_Typed(**typed), begin) == answer


def test_sudo_keeps_what_is_needed_and_nothing_else():
    """Only named variables that are set are kept, and without a terminal nothing is asked."""
    environ = {"SMARTCOMMUNE_STATE": "/s", "PATH": "/bin", "HOME": "/home/u", "SECRET": "x"}
    command = sudo_command(["lab", "list"], environ, terminal=False)

    assert command[:3] == ["sudo", "--non-interactive", "--preserve-env=PATH,SMARTCOMMUNE_STATE"]
    assert command[-2:] == ["lab", "list"]
