"""Help in the user's language: the commands are written in English, and this table says them in Vietnamese.

Examples are added to each command here too; tests see that no help text lacks a translation and no command an example.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import typer

from smartcommune.cli.examples import examples_of
from smartcommune.cli.invocation import NAME
from smartcommune.cli.vietnamese import USAGE, VIETNAMESE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.text import Language

_PANELS = {"argument": "Arguments", "option": "Options"}


def translate(command: Any, language: Language, program: str = NAME) -> None:
    """Give every command its examples, as typed for ``program``, and every help text its form in ``language``."""
    for path, each in walk(command):
        if examples := examples_of(path, program):
            title = say("Examples:", language)
            each.epilog = "\n\n".join([f"[bold]{title}[/bold]", *(f"  {line}" for line in examples)])
        each.help = say(each.help, language)
        each.rich_help_panel = say("Commands", language)
        names = command.context_settings["help_option_names"]
        if (
            option := each.get_help_option(typer.Context(each, info_name=each.name, help_option_names=names))
        ) is not None:
            _translate_parameter(option, language)
        each.short_help = say(each.short_help, language)
        for parameter in each.params:
            _translate_parameter(parameter, language)


def _translate_parameter(parameter: Any, language: Language) -> None:
    parameter.help = say(parameter.help, language)
    parameter.rich_help_panel = say(_PANELS[parameter.param_type_name], language)


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its path below the program's name."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


def texts(command: Any) -> Iterator[str]:
    """Yield every English help text of a command tree."""
    yield "Examples:"
    for _, each in walk(command):
        parts = [each.help, each.short_help, *(getattr(parameter, "help", None) for parameter in each.params)]
        yield from (cleandoc(part) for part in parts if part)


def say(text: str | None, language: Language) -> str | None:
    """Return a help text in a language; English where there is no translation."""
    if text is None or language == "en":
        return text
    return VIETNAMESE.get(cleandoc(text), text)


def say_usage(message: str) -> str:
    """Return typer's message about a wrong command line in Vietnamese, as far as it is known."""
    for pattern, vietnamese in USAGE.items():
        message = re.sub(pattern, vietnamese, message)
    return message
