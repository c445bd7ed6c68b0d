"""``smartcommune drill``: restore the second machine's newest backups on fresh machines, prove them, and date it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.cli.loading import Commune
    from smartcommune.runs.drill import DrillOutcome
    from smartcommune.site.models import Site
    from smartcommune.verify.report.models import DrilledService


def drill(
    context: typer.Context, profile: options.Profile, target: options.Target = None, wait: options.Wait = 0
) -> None:
    """Try whether the backups can be restored: on fresh machines in the lab, which are removed afterwards.

    The second machine's newest backups are proven there, and checked by the services' own checks. The report dates it.
    """
    from smartcommune.cli.loading import load_commune
    from smartcommune.cli.privilege import become_root
    from smartcommune.cli.progress import progress
    from smartcommune.runs.drill import drill

    session = of(context)
    commune = load_commune(profile, target)
    lab_site = commune.site if commune.site.target == "lab" else _in_lab(profile)
    become_root(session)
    with progress(session) as tell:
        outcome = drill(
            commune.site,
            lab_site,
            commune.catalogue,
            tell,
            language=session.language,
            wait=timedelta(seconds=wait),
        )
    _show(session, commune, outcome)
    raise typer.Exit(outcome.exit_code)


def _in_lab(profile: str) -> Site:
    """Return the commune compiled for the lab; raises SmartCommuneError when the profile has no such target."""
    from smartcommune.site import load_site

    return load_site(profile, "lab")


def _show(session: Session, commune: Commune, outcome: DrillOutcome) -> None:
    from smartcommune.cli.failure import show_failures

    drill = outcome.drill
    session.document(
        {
            "profile": commune.site.profile,
            "target": commune.site.target,
            "drill": drill,
            "failures": outcome.failures,
            "exit_code": outcome.exit_code,
        }
    )
    minutes, seconds = divmod(round(drill.seconds), 60)
    if drill.state == "passed":
        line = session.text(
            f"Diễn tập khôi phục đạt sau {minutes} phút {seconds} giây; {drill.checks_passed} kiểm tra đạt",
            f"The restore drill passed after {minutes} min {seconds} s; {drill.checks_passed} checks passed",
        )
    else:
        problem = session.say(drill.problem) if drill.problem else ""
        line = session.text(f"Diễn tập khôi phục hỏng: {problem}", f"The restore drill failed: {problem}")
    session.result(line, style="bold")
    for host in drill.hosts:
        session.result(
            session.text(
                f"  {host.name}: bản {host.stamp} ({host.snapshot[:8]})",
                f"  {host.name}: backup {host.stamp} ({host.snapshot[:8]})",
            )
        )
        for service in host.services:
            session.result(f"    {service.name}: {session.text(*_told(service))}")
    show_failures(session, outcome.failures)


def _told(service: DrilledService) -> tuple[str, str]:
    """Return in both languages what of a service came back."""
    if not service.tables:
        return f"{service.files} tệp", f"{service.files} files"
    return (
        f"{service.files} tệp, {service.rows} dòng trong {service.tables} bảng",
        f"{service.files} files, {service.rows} rows in {service.tables} tables",
    )


COMMANDS = (drill,)
