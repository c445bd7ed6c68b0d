"""``smartcommune doctor``: whether this computer has what the toolkit needs, and one line of verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from smartcommune.cli.session import of
from smartcommune.exit_codes import DONE, FAILED


def doctor(
    context: typer.Context,
    lab: Annotated[bool, typer.Option("--lab/--no-lab", help="Also what the embedded lab needs.")] = True,
) -> None:
    """Look at this computer's prerequisites; end with one line of verdict. Changes nothing."""
    from smartcommune.cli.prerequisites import inspect

    session = of(context)
    findings = inspect(lab=lab)
    missing = [finding for finding in findings if not finding.present]
    for finding in findings:
        mark = "✓" if finding.present else "✕"
        line = f"{mark} {session.say(finding.subject)}: {finding.found}".rstrip(": ")
        session.result(line, style=None if finding.present else "red")
        if not finding.present:
            session.result(f"    → {session.say(finding.todo)}")
    verdict = (
        session.text("Máy này sẵn sàng.", "This computer is ready.")
        if not missing
        else session.text(f"Còn thiếu {len(missing)} thứ.", f"Missing prerequisites: {len(missing)}.")
    )
    session.document({"ready": not missing, "findings": findings})
    session.result(verdict, style="bold green" if not missing else "bold red")
    raise typer.Exit(FAILED if missing else DONE)


COMMANDS = (doctor,)
