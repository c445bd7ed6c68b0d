"""``--help --json``: a command's help as one document, each text in both languages."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import typer

from smartcommune.cli.examples import examples_of
from smartcommune.cli.help import say, walk
from smartcommune.cli.invocation import NAME
from smartcommune.cli.session import of

if TYPE_CHECKING:
    from typer._click.core import Parameter


def document_help(command: Any, program: str = NAME) -> None:
    """Let ``--help`` of every command write a document instead of text; commands in it are as typed for ``program``."""
    for path, each in walk(command):
        names = command.context_settings["help_option_names"]
        option = each.get_help_option(typer.Context(each, info_name=each.name, help_option_names=names))
        if option is not None:
            option.callback = _writer(path, program)


def _writer(path: tuple[str, ...], program: str) -> Any:
    def write(context: typer.Context, _parameter: Parameter, asked: bool) -> None:
        if asked and not context.resilient_parsing:
            of(context).document(describe(path, context.command, program))
            raise typer.Exit

    return write


def describe(path: tuple[str, ...], command: Any, program: str = NAME) -> dict[str, Any]:
    """Return what a command is for, what it takes, its own commands, and examples."""
    parameters = [each for each in command.params if not getattr(each, "hidden", False)]
    commands = getattr(command, "commands", {})
    return {
        "command": " ".join((program, *path)),
        "help": _both(command.help),
        "arguments": [_argument(each) for each in parameters if each.param_type_name == "argument"],
        "options": [_option(each) for each in parameters if each.param_type_name == "option"],
        "commands": [{"name": name, "help": _both(child.help)} for name, child in commands.items()],
        "examples": examples_of(path, program),
    }


def _argument(parameter: Any) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "shown": parameter.metavar or str(parameter.name).upper(),
        "help": _both(parameter.help),
        "required": parameter.required,
        "several": parameter.nargs == -1 or parameter.multiple,
    }


def _option(parameter: Any) -> dict[str, Any]:
    return {
        "names": [*parameter.opts, *parameter.secondary_opts],
        "help": _both(parameter.help),
        "required": parameter.required,
        "several": parameter.multiple,
        "takes_value": not parameter.is_flag,
        "default": parameter.default if isinstance(parameter.default, str | int | bool) else None,
    }


def _both(text: str | None) -> dict[str, str | None] | None:
    """Return a help text in both languages."""
    return None if text is None else {"vi": say(text, "vi"), "en": cleandoc(text)}
