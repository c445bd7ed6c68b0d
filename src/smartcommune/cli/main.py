"""The program ``smartcommune``: its commands, its global options, its exit codes.

Exit codes: 0 done; 1 a host, task or check failed; 2 wrong use or invalid input, nothing touched; 3 ``plan`` found
changes (with ``--exit-code``); 4 hosts not reached, the rest done; 130 interrupted, resumable.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from smartcommune.cli import (
    apply,
    backup,
    destroy,
    devices,
    doctor,
    drill,
    explain,
    lab,
    plan,
    report,
    status,
    unlock,
    validate,
    verify,
)
from smartcommune.cli.invocation import NAME, program_of
from smartcommune.cli.session import Session
from smartcommune.exit_codes import DONE, INTERRUPTED, INVALID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartcommune.text import Language

COMPLETION = ("--install-completion", "--show-completion")  # a script for the shell, and its place
GLOBAL_FLAGS = ("--json", "--quiet", "-q")


def build_app(*, bare_help: bool = True) -> typer.Typer:
    """Return the application with all its commands; without a command it shows help if ``bare_help``."""
    app = typer.Typer(
        name="smartcommune",
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        no_args_is_help=bare_help,
    )
    app.callback()(_global_options)
    modules: tuple[Any, ...] = (
        validate,
        explain,
        plan,
        apply,
        verify,
        report,
        status,
        backup,
        drill,
        destroy,
        unlock,
        doctor,
    )
    for module in modules:
        for function in module.COMMANDS:
            app.command()(function)
    app.add_typer(devices.build_app(bare_help=bare_help), name="devices")
    app.add_typer(lab.build_app(bare_help=bare_help), name="lab")
    return app


def _show_version(context: typer.Context, wanted: bool) -> None:
    """Show the version and exit, before a command is asked for."""
    if not wanted:
        return
    from smartcommune import __version__

    session = context.ensure_object(Session)
    session.result(f"smartcommune {__version__}")
    session.document({"version": __version__})
    raise typer.Exit


def _global_options(
    context: typer.Context,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="vi|en", help="Language; the locale's by default.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Provision, verify and report a smart commune from one reviewed profile.

    Global options may stand before or after the command.
    """
    session = context.ensure_object(Session)
    session.json, session.quiet = json, quiet


def hoist(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the global options first, wherever before ``--`` they were written."""
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in GLOBAL_FLAGS or argument.startswith("--lang="):
            first.append(argument)
        elif argument == "--lang":
            first += [argument, *(value for value in [next(waiting, None)] if value is not None)]
        else:
            rest.append(argument)
    return first + rest


def run(arguments: Sequence[str], environ: Mapping[str, str], program: str = NAME) -> int:
    """Run one command line; return its exit code. The one place where errors become messages and exit codes.

    ``program`` is what the user types for this program.
    """
    ordered = hoist(arguments)
    session = Session(program=program, arguments=tuple(arguments), json="--json" in ordered[: _globals(ordered)])
    try:
        session.language = _language(ordered, environ)
        command = _commands(None if session.json else session.language, program)
        if session.json and (shown := [each for each in ordered if each in COMPLETION]):
            from smartcommune.cli.failure import show_usage

            return show_usage(f"Option {shown[0]} has no JSON document.", NAME, session)
        outcome = command.main(args=ordered, prog_name=NAME, standalone_mode=False, obj=session)
    except TyperException as error:
        from smartcommune.cli.failure import show_usage

        if not error.format_message():  # help was shown, since nothing was asked
            return INVALID
        context = getattr(error, "ctx", None)
        return show_usage(error.format_message(), context.command_path if context else NAME, session)
    except SystemExit as error:  # what typer makes of a pipe that nobody reads any more, and the end of completion
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        from smartcommune.cli.failure import show_failure

        return show_failure(error.__context__, session)
    except (typer.Abort, KeyboardInterrupt):
        outcome = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - here every error becomes one message
        from smartcommune.cli.failure import show_failure

        return show_failure(error, session)
    if outcome == INTERRUPTED and not session.attached:  # typer, too, makes an interrupt of this
        from smartcommune.cli.failure import show_failure

        return show_failure(KeyboardInterrupt(), session)
    return outcome if isinstance(outcome, int) else DONE


@cache
def _commands(language: Language | None, program: str) -> Any:
    """Return all commands with their help in a language, or as documents in both where it is None."""
    command = typer.main.get_command(build_app(bare_help=language is not None))
    if language is None:
        from smartcommune.cli.help_document import document_help

        document_help(command, program)
    else:
        from smartcommune.cli.help import translate

        translate(command, language, program)
    return command


def _globals(ordered: Sequence[str]) -> int:
    """Return how many of the hoisted arguments are global ones."""
    count = 0
    while count < len(ordered) and (ordered[count] in GLOBAL_FLAGS or ordered[count].startswith("--lang")):
        count += 2 if ordered[count] == "--lang" else 1
    return count


def _language(ordered: Sequence[str], environ: Mapping[str, str]) -> Any:
    from smartcommune.i18n import choose_language

    option = None
    for index, argument in enumerate(ordered[: _globals(ordered)]):
        if argument == "--lang":
            option = ordered[index + 1] if index + 1 < len(ordered) else None
        elif argument.startswith("--lang="):
            option = argument.partition("=")[2]
    return choose_language(option, environ)


def _terminate(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run the command line of this process and end with its exit code. To be asked to end is an interrupt, too."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup has the terminal's end ignored
            signal.signal(number, _terminate)
    sys.exit(run(sys.argv[1:], os.environ, program_of(sys.argv[0], os.environ)))
