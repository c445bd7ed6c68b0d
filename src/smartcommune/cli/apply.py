"""``smartcommune apply``: make the commune as its profile says, check it, report."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.cli.loading import Commune
    from smartcommune.runs.apply import Outcome


def apply(
    context: typer.Context,
    profile: options.Profile,
    target: options.Target = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="A saved plan: refused if the world or the inputs changed since.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Leave out the checks.")] = False,
    yes: options.Yes = False,
    limit: options.Limit = None,
    accept_host_key: options.AcceptHostKey = None,
    wait: options.Wait = 0,
) -> None:
    """Make machines and hosts as the profile says, check them, and write the report.

    What is right already is left alone. Interrupted, it is resumed by the same command.
    """
    from smartcommune.cli.loading import check_hosts, load_commune
    from smartcommune.cli.plan import make_plan, show_plan
    from smartcommune.cli.privilege import become_root_for
    from smartcommune.cli.progress import progress
    from smartcommune.plan import load_plan
    from smartcommune.runs.apply import Settings, apply

    session = of(context)
    commune = load_commune(profile, target)
    hosts = check_hosts(commune, limit, devices=True)
    accepted = check_hosts(commune, accept_host_key, devices=True)
    saved = load_plan(plan) if plan else None
    become_root_for(session, commune.site.target)
    waiting = timedelta(seconds=wait)
    if dry_run:
        made = make_plan(session, commune, waiting, accepted)
        session.document(made)
        show_plan(session, made)
        return
    passwords = ask_first_passwords(session, commune)
    if not yes and saved is None:  # a saved plan was read before it was given
        _ask(session, commune, waiting, accepted, passwords)
    settings = Settings(
        verify=not no_verify,
        wait=waiting,
        limit=hosts,
        plan=saved,
        accept_host_keys=accepted,
        language=session.language,
        first_passwords=passwords,
    )
    with progress(session) as tell:
        outcome = apply(commune.site, commune.catalogue, settings, tell)
    show_outcome(session, commune, outcome)
    raise typer.Exit(outcome.exit_code)


def _ask(
    session: Session, commune: Commune, wait: timedelta, accepted: tuple[str, ...], passwords: dict[str, str]
) -> None:
    """Show what would be done and ask, where somebody can answer."""
    from smartcommune.cli.plan import make_plan, show_plan

    plan = make_plan(session, commune, wait, accepted, passwords)
    if plan.empty:
        return
    show_plan(session, plan)
    session.confirm(session.text("Thực hiện?", "Go ahead?"), yes=False)


def ask_first_passwords(session: Session, commune: Commune) -> dict[str, str]:
    """Ask for the present password of each device that is met for the first time, where somebody can answer.

    The environment's come first; the lab's simulators bring theirs; what the toolkit's key opens has none.
    """
    from smartcommune.devices.record import keeper_of
    from smartcommune.devices.simulators.lab import is_simulator
    from smartcommune.profile.devices import KEYED

    site = commune.site
    waiting = [
        device.name
        for device in site.devices
        if device.platform not in KEYED
        and not is_simulator(site, device)
        and not keeper_of(commune.folder, device.name).met
    ]
    if not waiting or not sys.stdin.isatty():
        return {}
    from smartcommune.devices.access import first_password

    asked: dict[str, str] = {}
    for name in waiting:
        if first_password(name, os.environ) is None:
            question = session.text(
                f"Mật khẩu hiện có của {name} (sẽ được thay)", f"Present password of {name} (it is replaced)"
            )
            asked[name] = typer.prompt(question, hide_input=True, default="", show_default=False, err=True)
    return asked


def show_outcome(session: Session, commune: Commune, outcome: Outcome, *, applied: bool = True) -> None:
    """Say what changed (if anything was ``applied``), where the report is, and how to open what runs now."""
    from smartcommune.cli.failure import show_failures
    from smartcommune.cli.plan import show_unreached
    from smartcommune.cli.report import show_report

    site = commune.site
    junit = outcome.files.junit if outcome.report.seen is not None else None
    machines, hosts = outcome.changed_machines, outcome.changed_hosts
    session.document(
        {
            "profile": site.profile,
            "target": site.target,
            "changed": {"machines": machines, "hosts": hosts, "devices": outcome.changed_devices},
            "failures": outcome.failures,
            "unreached": outcome.unreached,
            "exit_code": outcome.exit_code,
            "report": {"html": outcome.files.html, "json": outcome.files.json, "junit": junit},
            "checked": outcome.report.seen is not None,
            "unchecked": outcome.report.unchecked,
            "summary": outcome.report.summary if outcome.report.seen is not None else None,
        }
    )
    if applied:
        line = session.text(
            f"{site.profile} trên {site.target}: {machines} thay đổi ở máy và bí mật, {hosts} thay đổi trong máy",
            f"{site.profile} on {site.target}: {machines} changed of machines and secrets, {hosts} changed on hosts",
        )
        if site.devices:
            line += session.text(
                f", {outcome.changed_devices} thiết bị mạng thay đổi", f", {outcome.changed_devices} devices changed"
            )
        session.result(line, style="bold")
    show_failures(session, outcome.failures)
    show_unreached(session, outcome.unreached)
    show_report(session, outcome.report, outcome.files)
    if site.target == "lab":
        for endpoint in site.endpoints:
            title = endpoint.title[session.language]
            session.result(f"  smartcommune lab open {site.profile} {site.label(endpoint)}  – {title}")


COMMANDS = (apply,)
