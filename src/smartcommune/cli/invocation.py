"""How the program was called, so that the commands in its messages can be pasted as they stand."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.cli.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "smartcommune"
VARIABLE = "SMARTCOMMUNE_PROGRAM"  # tells it to the same command run again by sudo
_VERBS = "|".join(sorted({path[0] for path in EXAMPLES if path}))
_COMMAND = re.compile(rf"(?<![\w./-]){NAME}(?P<verb> (?:lab [a-z]+|(?:{_VERBS})\b))(?P<profile> [\w-]+)?")


def program_of(argv0: str, environ: Mapping[str, str]) -> str:
    """Return what to type for this program: its name where PATH has it, else the path it was called by."""
    if told := environ.get(VARIABLE):
        return told
    if Path(argv0).name != NAME:
        return f"{_short(sys.executable)} -m {NAME}"
    found = shutil.which(NAME, path=environ.get("PATH"))
    if found is not None and Path(found).resolve() == Path(argv0).resolve():
        return NAME
    return _short(argv0)


def pasteable(text: str, program: str, arguments: Sequence[str] = ()) -> str:
    """Return ``text`` with each command in it as this user types it: the program, and a profile given by its path."""
    typed = {Path(each).stem: shlex.quote(each) for each in arguments if each.endswith((".yml", ".yaml"))}

    def as_typed(match: re.Match[str]) -> str:
        profile = match["profile"] or ""
        return f"{program}{match['verb']}" + (f" {typed.get(profile[1:], profile[1:])}" if profile else "")

    return _COMMAND.sub(as_typed, text)


def _short(path: str) -> str:
    """Return a path relative to the working folder if it lies in it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # the working folder is gone
        return path
    return shlex.quote(path if relative.startswith("..") else relative)
