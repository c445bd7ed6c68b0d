"""Showing a failure once: one clear message and what to do; the whole story of an unknown one goes to a file."""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune import paths, refusals
from smartcommune.cli.invocation import NAME
from smartcommune.cli.streams import discard_output
from smartcommune.errors import InputErrors, SmartCommuneError
from smartcommune.exit_codes import FAILED, INTERRUPTED, INVALID, READER_GONE
from smartcommune.redaction import redact_with_keys
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.cli.session import Session
    from smartcommune.converge.results import HostFailure

_INTERRUPTED_TEXT = Text(
    vi="đã dừng; chạy lại chính lệnh này để làm tiếp", en="interrupted; run the same command again to resume"
)


def show_failures(session: Session, failures: tuple[HostFailure, ...]) -> None:
    """Print the tasks that failed, each with what to do where that is known."""
    for failure in failures:
        where = f"{failure.host} {failure.role}: {failure.task}"
        session.result(f"  ✕ {where}: {session.say(failure.message)}", style="red")


def show_failure(error: BaseException, session: Session) -> int:
    """Show ``error`` and return the exit code that it stands for."""
    if isinstance(error, SmartCommuneError):
        return _show_known(error, session)
    if isinstance(error, KeyboardInterrupt):
        return _show(session, INTERRUPTED, _INTERRUPTED_TEXT)
    if isinstance(error, BrokenPipeError):
        discard_output()  # let the interpreter end quietly
        return READER_GONE
    if isinstance(error, OSError) and refusals.is_known(error):
        return _show(session, FAILED, *_of_system(error))
    log = _save(error)
    first_line = str(error).splitlines()[0] if str(error) else ""
    what = redact_with_keys(f"{type(error).__name__}: {first_line}".rstrip(": "))
    return _show(
        session,
        FAILED,
        Text(vi=f"lỗi không lường trước: {what}", en=f"unexpected failure: {what}"),
        Text(vi=f"chi tiết ở {log}", en=f"details are in {log}") if log is not None else None,
    )


def show_usage(message: str, hint: str, session: Session) -> int:
    """Show a wrong use of the command line and return its exit code."""
    from smartcommune.cli.help import say_usage

    command = session.program + hint.removeprefix(NAME)
    todo = Text(vi=f"xem: {command} --help", en=f"see: {command} --help") if hint else None
    return _show(session, INVALID, Text(vi=say_usage(message), en=message), todo)


def _show_known(error: SmartCommuneError, session: Session) -> int:
    if not isinstance(error, InputErrors):
        return _show(session, error.exit_code, error.message, error.todo)
    if session.json:
        return _show(session, error.exit_code, error.message, error.todo, error.to_plain())
    session.error(error.render(session.language), style=None)
    return error.exit_code


def _show(session: Session, code: int, message: Text, todo: Text | None = None, faults: Any = None) -> int:
    if session.json and not session.documents:
        if todo is not None:
            todo = Text(vi=session.pasteable(todo.vi), en=session.pasteable(todo.en))
        document = {"error": {"message": message, "todo": todo, "faults": faults, "exit_code": code}}
        session.document(document)
    else:
        session.error(f"{session.text('lỗi', 'error')}: {session.say(message)}")
        if todo is not None:
            session.error(f"  → {session.say(todo)}", style=None)
    return code


def _save(error: BaseException) -> Path | None:
    """Keep a traceback, without secrets it could show as private keys; return its file, if there is room for one."""
    text = redact_with_keys("".join(traceback.format_exception(error)))
    name = f"smartcommune-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    for folder in (paths.state() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return None


def _of_system(error: OSError) -> tuple[Text, Text | None]:
    """Return what the system refused, and what to do where that is known."""
    message, todo = refusals.describe(error)
    if todo is None and error.filename and Path(str(error.filename)).is_relative_to(paths.state()):
        todo = Text(
            vi=f"cho phép ghi vào {paths.state()}, hoặc đặt SMARTCOMMUNE_STATE là một thư mục ghi được",
            en=f"allow writing to {paths.state()}, or set SMARTCOMMUNE_STATE to a folder that can be written",
        )
    return message, todo
