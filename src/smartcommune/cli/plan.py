"""``smartcommune plan``: what will be created, changed, replaced and removed, why, and about how long it takes."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of
from smartcommune.errors import UsageError
from smartcommune.exit_codes import CHANGES_FOUND, DONE, FAILED, NOT_REACHED
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartcommune.cli.loading import Commune
    from smartcommune.plan import Plan, Unreached
    from smartcommune.plan.models import Action

SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "magenta"), "delete": ("-", "red")}
WORDS = {
    "create": Text(vi="tạo", en="to create"),
    "update": Text(vi="đổi", en="to change"),
    "replace": Text(vi="thay", en="to replace"),
    "delete": Text(vi="gỡ", en="to remove"),
}


def plan(
    context: typer.Context,
    profile: options.Profile,
    target: options.Target = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Save the plan, for apply --plan.")] = None,
    accept_host_key: options.AcceptHostKey = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 3 when there are changes.")] = False,
    wait: options.Wait = 0,
) -> None:
    """Show what apply would do to machines and hosts, each line with its reason. Changes nothing."""
    from smartcommune.cli.loading import check_hosts, load_commune
    from smartcommune.cli.privilege import become_root_for

    session = of(context)
    commune = load_commune(profile, target)
    accepted = check_hosts(commune, accept_host_key, devices=True)
    if out is not None:
        check_out(out)
    become_root_for(session, commune.site.target)
    made = make_plan(session, commune, timedelta(seconds=wait), accepted)
    if out is not None:
        from smartcommune.plan import save_plan

        save_plan(made, out)
        session.note(session.text(f"Đã lưu kế hoạch: {out}", f"The plan is saved: {out}"))
    session.document(made)
    show_plan(session, made)
    if made.failures:
        raise typer.Exit(FAILED)
    if made.not_reached:
        raise typer.Exit(NOT_REACHED)
    raise typer.Exit(CHANGES_FOUND if exit_code and not made.empty else DONE)


def check_out(path: Path) -> None:
    """Raise UsageError where no plan could be saved: before hosts are asked, which takes its time."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            Text(vi=f"không lưu được kế hoạch vào {path}", en=f"a plan cannot be saved as {path}"),
            todo=Text(vi="ghi tên một tệp trong thư mục ghi được", en="name a file in a folder that can be written"),
        )


def make_plan(
    session: Session,
    commune: Commune,
    wait: timedelta,
    accepted: tuple[str, ...] = (),
    passwords: Mapping[str, str] | None = None,
) -> Plan:
    """Return the plan for a commune, showing progress while hosts are asked."""
    from smartcommune.cli.progress import progress
    from smartcommune.plan import make_plan
    from smartcommune.runs.devices import from_devices
    from smartcommune.runs.events import from_hosts
    from smartcommune.targets.stack import Stack

    with progress(session) as tell, Stack(commune.site, wait=wait, accept_host_keys=accepted) as stack:
        return make_plan(
            commune.site,
            commune.catalogue,
            stack,
            lambda event: tell(from_hosts(event)),
            lambda event: tell(from_devices(event)),
            frozenset(accepted),
            passwords,
        )


def show_plan(session: Session, made: Plan) -> None:
    """Print all sides of a plan and its sum; a host that was not reached is named before anything else."""
    known = {each.host for each in made.unreached}
    for host in made.not_reached:
        if host in known:
            continue
        session.result(
            session.text(f"! {host}: không tới được, chưa biết gì", f"! {host}: not reached, nothing known"),
            style="red",
        )
    show_unreached(session, made.unreached)
    show_actions(session, session.text("Máy, mạng, bí mật", "Machines, networks, secrets"), made.machines)
    show_actions(session, session.text("Trong máy", "On the hosts"), made.hosts)
    show_device_actions(session, made.devices)
    for host in made.unseen:
        inside = session.text(
            f"? {host}: apply chỉ thấy bên trong sau khi máy đã sẵn sàng lại",
            f"? {host}: what is to do inside is seen by apply, when the machine is ready again",
        )
        session.result(f"  {inside}", style="yellow")
    actions = (*made.machines, *made.hosts, *made.devices)
    if made.failures:
        from smartcommune.cli.failure import show_failures

        unknown = session.text(
            "Không xem được hết; chưa biết phần còn lại của các máy này:",
            "Not all could be looked at; the rest of these hosts is unknown:",
        )
        session.result(unknown, style="red")
        show_failures(session, made.failures)
    if not actions:
        if not made.failures and not made.not_reached:
            session.result(session.text("Không có gì phải làm.", "Nothing to do."), style="green")
        return
    from smartcommune.plan import counts

    counted = ", ".join(f"{number} {session.say(WORDS[kind])}" for kind, number in counts(actions).items())
    minutes = made.seconds_estimate / 60
    session.result(
        session.text(f"Tổng: {counted}; khoảng {minutes:.1f} phút.", f"Sum: {counted}; about {minutes:.1f} minutes.")
    )


def show_unreached(session: Session, unreached: tuple[Unreached, ...]) -> None:
    """Print which hosts were not reached, why, and what to do: the same advice once."""
    advice: dict[str, None] = {}
    for each in unreached:
        session.result(f"! {session.say(each.message)}", style="red")
        if each.todo is not None:
            advice[session.say(each.todo)] = None
    for todo in advice:
        session.result(f"  → {todo}")


def show_actions(session: Session, title: str, actions: tuple[Action, ...]) -> None:
    """Print actions, each with its reason and with the lines that asked for it."""
    if not actions:
        return
    session.result(title, style="bold")
    for action in actions:
        sign, style = SIGNS[action.kind]
        detail = f" [{action.detail}]" if action.detail else ""
        session.result(f"  {sign} {session.say(action.subject)}: {session.say(action.reason)}{detail}", style=style)
        for source in action.sources[:3]:
            session.result(f"      {source.file}:{source.line} {source.key}", style="dim")


def show_device_actions(session: Session, actions: tuple[Action, ...]) -> None:
    """Print what would change on devices, each with the difference to what runs there."""
    if not actions:
        return
    session.result(session.text("Thiết bị mạng", "Network devices"), style="bold")
    for action in actions:
        sign, style = SIGNS[action.kind]
        session.result(f"  {sign} {session.say(action.subject)}: {session.say(action.reason)}", style=style)
        show_diff(session, action.detail, indent="      ")


def show_diff(session: Session, diff: str, indent: str = "") -> None:
    """Print a difference: what comes in green, what goes in red."""
    styles = {"+": "green", "-": "red", "~": "yellow"}
    for line in diff.splitlines():
        session.result(f"{indent}{line}", style=styles.get(line.strip()[:1], "dim"))


COMMANDS = (plan,)
