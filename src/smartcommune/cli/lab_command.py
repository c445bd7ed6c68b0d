"""Running a user's command somewhere in the lab: with this terminal, or as a document with ``--json``."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from smartcommune.errors import UsageError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartcommune.cli.session import Session

SIGNALLED = 128
Command = Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND]...", help="Instead of a shell.")]


def check_command(session: Session, command: Sequence[str] | None) -> None:
    """Raise UsageError for a shell whose document is asked for."""
    if session.json and not command:
        raise UsageError(
            Text(vi="shell tương tác không có văn bản JSON", en="an interactive shell has no JSON document"),
            todo=Text(vi="ghi lệnh cần chạy sau --", en="name the command to run, after --"),
        )


def run_command(
    session: Session,
    argv: Sequence[str],
    command: Sequence[str] | None,
    about: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
) -> NoReturn:
    """Run ``argv``, which is the user's ``command`` in its place, and end with its exit status."""
    if session.json:
        done = subprocess.run(argv, env=environment, check=False, capture_output=True, text=True, errors="replace")
        answer = {"exit_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
        session.document({**about, "command": command, **answer})
        raise typer.Exit(done.returncode)
    raise typer.Exit(run_attached(session, argv, environment))


def run_attached(session: Session, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a program on the user's terminal; return its exit status, which after a signal is the shell's."""
    session.attached = True
    status = subprocess.run(argv, env=environment, check=False).returncode
    return status if status >= 0 else SIGNALLED - status
