"""``smartcommune lab``: the embedded lab's machines, seen, opened, broken on purpose, put back, and cleaned away."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcommune.cli import completion, options
from smartcommune.cli.session import Session, of
from smartcommune.errors import UsageError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smartcommune.lab.lab import Lab
    from smartcommune.lab.models import Progress

SIGNALLED = 128
MachineOrZone = Annotated[
    str,
    typer.Argument(
        metavar="HOST|ZONE", help="A host, a zone, or wan: the way to the Internet.", autocompletion=completion.hosts
    ),
]
SnapshotName = Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the snapshot.", show_default=True)]
AnyProfile = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROFILE]", help="Only this commune.", autocompletion=completion.profiles, show_default=False
    ),
]


def build_app(*, bare_help: bool = True) -> typer.Typer:
    """Return the group with its commands."""
    app = typer.Typer(
        help="The embedded lab: whole communes on this computer.", rich_markup_mode="rich", no_args_is_help=bare_help
    )
    functions: dict[str, Callable[..., None]] = {
        "list": list_machines,
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
    from smartcommune.cli import lab_open

    app.command("open")(lab_open.open_endpoint)
    for name, function in functions.items():
        app.command(name)(function)
    return app


def lab_of(session: Session, profile: str) -> Lab:
    """Return a profile's lab, as root; the profile may be a path and need not be valid any more."""
    from smartcommune.cli.privilege import become_root
    from smartcommune.profile.loader import find_profile

    path = find_profile(profile)
    become_root(session)
    from smartcommune.lab.lab import Lab

    return Lab(path.stem)


def _name_of(profile: str) -> str:
    """Return a lab's name, given as such or as the path of its profile, which need not be there any more."""
    return Path(profile).stem if "/" in profile or profile.endswith((".yml", ".yaml")) else profile


def _run_attached(session: Session, argv: Sequence[str]) -> int:
    """Run a program on the user's terminal; return its exit status, which after a signal is the shell's."""
    session.attached = True
    status = subprocess.run(argv, check=False).returncode
    return status if status >= 0 else SIGNALLED - status


def _done(session: Session, vi: str, en: str, **facts: Any) -> None:
    session.result(session.text(vi, en))
    session.document({"done": True, **facts})


def list_machines(context: typer.Context, profile: AnyProfile = None) -> None:
    """List the lab's machines: state, address, memory and disk in use."""
    from smartcommune.cli.privilege import become_root

    session = of(context)
    become_root(session)
    from smartcommune.lab.cleanup import find_labs
    from smartcommune.lab.lab import Lab

    labs = (_name_of(profile),) if profile else find_labs()
    machines = [(name, machine) for name in labs for machine in Lab(name).list()]
    rows = []
    for name, machine in machines:
        memory = f"{machine.memory_used / 2**20:.0f} MiB" if machine.memory_used is not None else "–"
        link = "" if machine.link_up in (True, None) else session.text("đứt mạng", "link cut")
        disk = f"{machine.disk_used / 2**20:.0f} MiB"
        rows.append((name, machine.name, machine.status, machine.spec.address, memory, disk, link))
    heads = session.text("xã,máy,trạng thái,địa chỉ,bộ nhớ,đĩa,", "commune,machine,state,address,memory,disk,")
    session.document(
        [
            {
                "profile": name,
                "machine": machine.name,
                "status": machine.status,
                "address": machine.spec.address,
                "memory_used": machine.memory_used,
                "disk_used": machine.disk_used,
                "link_up": machine.link_up,
            }
            for name, machine in machines
        ]
    )
    if not rows:
        session.result(session.text("Không có máy nào.", "There are no machines."))
        return
    for row in [tuple(heads.split(",")), *rows]:
        widths = (14, 14, 10, 16, 10, 10, 0)
        session.result("".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def shell(
    context: typer.Context,
    profile: options.Profile,
    host: options.Host,
    command: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND]...", help="Instead of a shell.")] = None,
) -> None:
    """Open a shell on a machine as root, or run one command there and end with its exit status.

    Options of this program stand before --, what follows it is the command's own.
    """
    session = of(context)
    if session.json and not command:
        raise UsageError(
            Text(vi="shell tương tác không có văn bản JSON", en="an interactive shell has no JSON document"),
            todo=Text(vi="ghi lệnh cần chạy sau --", en="name the command to run, after --"),
        )
    argv = lab_of(session, profile).shell_argv(host, shlex.join(command) if command else None)
    if session.json:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace")
        answer = {"exit_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
        session.document({"machine": host, "command": command, **answer})
        raise typer.Exit(done.returncode)
    raise typer.Exit(_run_attached(session, argv))


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
    raise typer.Exit(_run_attached(session, argv))


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


def cut(context: typer.Context, profile: options.Profile, place: MachineOrZone) -> None:
    """Cut a link: of one machine, of a whole zone, or the way to the Internet."""
    session = of(context)
    lab_of(session, profile).cut(place)
    _done(session, f"Đã ngắt mạng {place}.", f"The link of {place} is cut.", place=place)


def restore(context: typer.Context, profile: options.Profile, place: MachineOrZone) -> None:
    """Bring a cut link up again."""
    session = of(context)
    lab_of(session, profile).restore(place)
    _done(session, f"Đã nối lại mạng {place}.", f"The link of {place} is up again.", place=place)


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
    lab = lab_of(session, profile)
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
    lab = lab_of(session, profile)
    names = [host] if host else [machine.name for machine in lab.list()]
    lab.stop(host)
    _done(session, f"Đã tắt: {', '.join(names) or '–'}", f"Stopped: {', '.join(names) or '–'}", machines=names)


def clean(
    context: typer.Context,
    profile: AnyProfile = None,
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

    names = (_name_of(profile),) if profile else find_labs()
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
