"""What the global options say, and where output goes: results to stdout, messages and progress to stderr.

With ``--json`` stdout carries one document and nothing else; without a terminal nothing carries control characters.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from smartcommune import refusals
from smartcommune.cli.invocation import NAME, pasteable
from smartcommune.errors import SmartCommuneError
from smartcommune.text import Text, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer
    from rich.console import Console

    from smartcommune.text import Language


class OutputError(SmartCommuneError):
    """What a command found or did could not be written to where it should go."""


@dataclass
class Session:
    """One invocation: its language and its ways of output. Commands in what it prints are as this user types them."""

    language: Language = "en"
    json: bool = False
    quiet: bool = False
    program: str = NAME
    arguments: tuple[str, ...] = ()
    attached: bool = False  # a program has the user's terminal, and says itself how it ends
    documents: list[Any] = field(default_factory=list)

    @cached_property
    def out(self) -> Console:
        """The console of results."""
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """The console of messages and progress."""
        return _console(sys.stderr)

    def text(self, vi: str, en: str) -> str:
        """Return the one of two sentences that the user reads."""
        return vi if self.language == "vi" else en

    def result(self, line: str = "", *, style: str | None = None) -> None:
        """Print a line of the result, unless the result is a document."""
        if not self.json and not self.quiet:
            with _told_when_unwritten():
                self.out.print(self.pasteable(line), style=style, markup=False, soft_wrap=True)

    def note(self, line: str, *, style: str | None = None) -> None:
        """Print a message beside the result."""
        if not self.quiet:
            self.error(line, style=style)

    def error(self, line: str, *, style: str | None = "red") -> None:
        """Print what went wrong: also when quiet. A run does not end because nobody reads its messages."""
        with suppress(OSError):
            self.err.print(self.pasteable(line), style=style, markup=False, soft_wrap=True)

    def document(self, value: Any) -> None:
        """Write the document of ``--json``: once, at the end of a command."""
        if self.json:
            from smartcommune.cli.documents import render_document

            self.documents.append(value)
            text = render_document(value)
            with _told_when_unwritten():
                sys.stdout.flush()
                if (raw := getattr(sys.stdout, "buffer", None)) is None:
                    sys.stdout.write(text)
                else:
                    raw.write(text.encode())  # JSON is UTF-8 whatever the terminal is
                    raw.flush()

    def pasteable(self, text: str) -> str:
        """Return a text with its commands as this user types them."""
        return pasteable(text, self.program, self.arguments)

    def say(self, said: Text | str) -> str:
        """Return a bilingual text in the user's language; the words of other programs as they are."""
        return say(said, self.language)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is removed or replaced; raises UsageError when nobody can answer and Abort on no."""
        if yes:
            return
        import typer

        if not sys.stdin.isatty():
            from smartcommune.errors import UsageError

            raise UsageError(
                Text(
                    vi="cần xác nhận, nhưng không có ai trả lời", en="this needs a confirmation, and nobody can answer"
                ),
                todo=Text(vi="thêm --yes", en="add --yes"),
            )
        if not typer.confirm(question, err=True):
            raise typer.Abort


def of(context: typer.Context) -> Session:
    """Return the session of a command."""
    session = context.find_object(Session)
    return session if session is not None else Session()


@contextmanager
def _told_when_unwritten() -> Iterator[None]:
    """Turn what keeps a result from being written into an error that says so."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        why = refusals.reason(error)
        raise OutputError(
            Text(vi=f"không ghi được kết quả: {why.vi}", en=f"the result cannot be written: {why.en}"),
            todo=Text(vi="xem nơi nhận kết quả còn chỗ không", en="see whether there is room where it goes to"),
        ) from error


def _console(stream: Any) -> Console:
    from rich.console import Console

    class PipedConsole(Console):
        """A console that leaves it to the program to end when nobody reads any more."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    plain = not stream.isatty() or os.environ.get("TERM") == "dumb"
    return PipedConsole(file=stream, highlight=False, no_color=plain or None, force_terminal=False if plain else None)
