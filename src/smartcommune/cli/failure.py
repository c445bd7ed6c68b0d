"""Showing a failure once: one clear message and what to do; the whole story of an unknown one goes to a file."""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.cli.invocation import NAME
from smartcommune.errors import InputErrors, SmartCommuneError
from smartcommune.text import Text
from smartcommune.verify.redact import redact

if TYPE_CHECKING:
    from smartcommune.cli.session import Session

INTERRUPTED = 130
_INTERRUPTED_TEXT = Text(
    vi="đã dừng; chạy lại chính lệnh này để làm tiếp", en="interrupted; run the same command again to resume"
)


def show_failure(error: BaseException, session: Session) -> int:
    """Show ``error`` and return the exit code that it stands for."""
    if isinstance(error, SmartCommuneError):
        return _show_known(error, session)
    if isinstance(error, KeyboardInterrupt):
        return _show(session, INTERRUPTED, _INTERRUPTED_TEXT)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read has gone: let the interpreter end quietly
        return 1
    if isinstance(error, OSError) and error.filename:
        return _show(
            session, 1, Text(vi=f"{error.filename}: {error.strerror}", en=f"{error.filename}: {error.strerror}")
        )
    log = _save(error)
    what = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}".rstrip(": ")
    return _show(
        session,
        1,
        Text(vi=f"lỗi không lường trước: {redact(what, ())}", en=f"unexpected failure: {redact(what, ())}"),
        Text(vi=f"chi tiết ở {log}", en=f"details are in {log}"),
    )


def show_usage(message: str, hint: str, session: Session) -> int:
    """Show a wrong use of the command line and return its exit code."""
    from smartcommune.cli.help import say_usage

    command = session.program + hint.removeprefix(NAME)
    todo = Text(vi=f"xem: {command} --help", en=f"see: {command} --help") if hint else None
    return _show(session, 2, Text(vi=say_usage(message), en=message), todo)


def _show_known(error: SmartCommuneError, session: Session) -> int:
    faults = error.to_plain() if isinstance(error, InputErrors) else None
    if faults is not None and isinstance(error, InputErrors) and not session.json:
        session.error(error.render(session.language), style=None)
        return error.exit_code
    return _show(session, error.exit_code, error.message, error.todo, faults)


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


def _save(error: BaseException) -> Path:
    """Keep a traceback, without secrets it could show as private keys; return its file."""
    text = redact("".join(traceback.format_exception(error)), ())
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
    return Path(os.devnull)
