"""``smartcommune lab``: the embedded lab's machines, seen, opened, broken on purpose, put back, and cleaned away."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcommune.cli import completion, options
from smartcommune.cli.lab_command import Command, check_command, run_attached, run_command
from smartcommune.cli.loading import lab_of, name_of
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartcommune.lab.models import Progress

MachineOrZone = Annotated[
    str,
    typer.Argument(
        metavar="HOST|ZONE", help="A host, a zone, or wan: the way to the Internet.", autocompletion=completion.places
    ),
]
OfZone = Annotated[
    str | None, typer.Option("--zone", help="Only the host's link in this zone.", autocompletion=completion.zones)
]
SnapshotName = Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the snapshot.", show_default=True)]


def build_app(*, bare_help: bool = True) -> typer.Typer:
    """Return the group with its commands."""
    app = typer.Typer(
        help="The embedded lab: whole communes on this computer.", rich_markup_mode="rich", no_args_is_help=bare_help
    )
    functions: dict[str, Callable[..., None]] = {
        "shell": shell,
        "logs": logs,
        "reboot": reboot,
        "kill": kill,
        "cut": cut,
        "restore": restore,
        "snapshot": snapshot,
        "reset": reset,
        "stop": stop,
        "clean": clean,
    }
    from smartcommune.cli import lab_list, lab_open, lab_sensor, lab_station

    app.command("list")(lab_list.list_all)
    app.command("open")(lab_open.open_endpoint)
    app.command("station")(lab_station.station)
    app.command("sensor")(lab_sensor.play)
    for name, function in functions.items():
        app.command(name)(function)
    return app


def _done(session: Session, vi: str, en: str, **facts: Any) -> None:
    session.result(session.text(vi, en))
    session.document({"done": True, **facts})


def shell(
    context: typer.Context,
    profile: options.Profile,
    host: options.Host,
    command: Command = None,
) -> None:
    """Open a shell on a machine as root, or run one command there and end with its exit status.

    Options of this program stand before --, what follows it is the command's own.
    """
    session = of(context)
    check_command(session, command)
    argv = lab_of(session, profile).shell_argv(host, shlex.join(command) if command else None)
    run_command(session, argv, command, {"machine": host})


def logs(
    context: typer.Context,
    profile: options.Profile,
    host: options.Host,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as new lines come.")] = False,
    unit: Annotated[str | None, typer.Option("--unit", "-u", help="Only this systemd unit.")] = None,
) -> None:
    """Show a machine's journal, or its console while it is stopped."""
    session = of(context)
    argv = lab_of(session, profile).logs_argv(host, follow=follow and not session.json, unit=unit)
    if session.json:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace")
        session.document({"machine": host, "lines": done.stdout.splitlines()})
        raise typer.Exit(done.returncode)
    raise typer.Exit(run_attached(session, argv))


def reboot(context: typer.Context, profile: options.Profile, host: options.Host) -> None:
    """Reboot a machine in order, and wait until it answers."""
    session = of(context)
    lab = lab_of(session, profile)
    lab.reboot(host)
    lab.wait_ready(host)
    _done(session, f"{host} đã khởi động lại.", f"{host} has rebooted.", machine=host)


def kill(
    context: typer.Context,
    profile: options.Profile,
    host: options.Host,
    power: Annotated[
        bool, typer.Option("--power", help="As a power cut: what was not synced to disk is lost.")
    ] = False,
) -> None:
    """Stop a machine dead, without a word to it. 'apply' starts it again."""
    session = of(context)
    lab_of(session, profile).kill(host, power=power)
    _done(session, f"{host} đã bị tắt đột ngột.", f"{host} was stopped dead.", machine=host, power=power)


def cut(
    context: typer.Context,
    profile: options.Profile,
    place: MachineOrZone,
    zone: OfZone = None,
    site: options.Site = None,
) -> None:
    """Cut a link: of one machine, of a whole zone, or the way to the Internet."""
    session = of(context)
    lab_of(session, profile).cut(place, zone=zone, site=site)
    _done(session, f"Đã ngắt mạng {place}.", f"The link of {place} is cut.", place=place, zone=zone, site=site)


def restore(
    context: typer.Context,
    profile: options.Profile,
    place: MachineOrZone,
    zone: OfZone = None,
    site: options.Site = None,
) -> None:
    """Bring a cut link up again."""
    session = of(context)
    lab_of(session, profile).restore(place, zone=zone, site=site)
    _done(session, f"Đã nối lại mạng {place}.", f"The link of {place} is up again.", place=place, zone=zone, site=site)


def snapshot(context: typer.Context, profile: options.Profile, name: SnapshotName = "default") -> None:
    """Keep the disks of all machines as they are now."""
    session = of(context)
    lab_of(session, profile).snapshot(name, _teller(session))
    _done(session, f"Đã chụp {name}.", f"Snapshot {name} is taken.", snapshot=name)


def reset(
    context: typer.Context, profile: options.Profile, name: SnapshotName = "default", yes: options.Yes = False
) -> None:
    """Put all machines back to a snapshot. What was written since then is lost: asks first."""
    session = of(context)
    lab = lab_of(session, profile, standing=False)
    question = session.text(
        f"Đưa các máy về bản chụp {name}? Dữ liệu ghi sau đó sẽ mất.",
        f"Put all machines back to snapshot {name}? What was written since then is lost.",
    )
    session.confirm(question, yes=yes)
    lab.reset(name, _teller(session))
    _done(session, f"Các máy đã về bản chụp {name}.", f"All machines are back at snapshot {name}.", snapshot=name)


def stop(
    context: typer.Context,
    profile: options.Profile,
    host: Annotated[
        str | None, typer.Argument(metavar="[HOST]", help="Only this host.", autocompletion=completion.hosts)
    ] = None,
) -> None:
    """Stop machines in order; their disks stay. 'apply' starts them again."""
    session = of(context)
    lab = lab_of(session, profile, standing=host is not None)
    names = [host] if host else [machine.name for machine in lab.list()]
    lab.stop(host)
    _done(session, f"Đã tắt: {', '.join(names) or '–'}", f"Stopped: {', '.join(names) or '–'}", machines=names)


def clean(
    context: typer.Context,
    profile: options.AnyProfile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is there.")] = False,
) -> None:
    """Remove every trace of the lab from this computer: machines, networks, mounts, processes.

    Works also where the state was lost. Downloads stay in the cache.
    """
    from smartcommune.cli.privilege import become_root

    session = of(context)
    become_root(session)
    from smartcommune.lab.cleanup import clean as remove
    from smartcommune.lab.cleanup import find_labs

    names = (name_of(profile),) if profile else find_labs()
    findings = [finding for name in names for finding in remove(name, dry_run=dry_run)]
    for finding in findings:
        session.result(f"  {finding.kind} {finding.name} {finding.detail}".rstrip())
    verdict = session.text(
        f"{len(findings)} thứ {'tìm thấy' if dry_run else 'đã dọn'}.",
        f"{len(findings)} things {'found' if dry_run else 'removed'}.",
    )
    session.result(verdict)
    session.document({"removed": not dry_run, "findings": findings})


def _teller(session: Session) -> Any:
    def tell(progress: Progress) -> None:
        session.note(session.say(progress.step))

    return tell
