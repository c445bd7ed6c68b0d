"""``smartcommune devices``: a commune's network devices, what they differ in, the configurations kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from smartcommune.cli import completion, options
from smartcommune.cli.session import Session, of
from smartcommune.exit_codes import CHANGES_FOUND, DONE, FAILED, NOT_REACHED

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartcommune.cli.loading import Commune
    from smartcommune.devices.fleet import DeviceResult
    from smartcommune.targets.outputs import Outputs

Device = Annotated[
    str,
    typer.Argument(
        metavar="DEVICE", help="A device of the profile.", autocompletion=completion.devices, show_default=False
    ),
]
OneDevice = Annotated[
    list[str] | None,
    typer.Option("--limit", "-l", help="Only this device; may be repeated.", autocompletion=completion.devices),
]


def build_app(*, bare_help: bool = True) -> typer.Typer:
    """Return the group with its commands."""
    app = typer.Typer(
        help="Network devices with a vendor's command line.", rich_markup_mode="rich", no_args_is_help=bare_help
    )
    functions: dict[str, Callable[..., None]] = {"list": list_devices, "show": show, "diff": diff, "backup": backup}
    for name, function in functions.items():
        app.command(name)(function)
    return app


def list_devices(context: typer.Context, profile: options.Profile, target: options.Target = None) -> None:
    """List the declared devices: platform, address, when they were last seen. Asks none of them."""
    from smartcommune.cli.loading import load_commune
    from smartcommune.devices.record import keeper_of
    from smartcommune.devices.simulators.lab import is_simulator
    from smartcommune.transports.ssh_probe import fingerprint

    session = of(context)
    commune = load_commune(profile, target)
    facts = []
    for device in commune.site.devices:
        keeper = keeper_of(commune.folder, device.name)
        known, kept = keeper.load(), keeper.backups()
        facts.append(
            {
                "name": device.name,
                "platform": device.platform,
                "role": device.role,
                "site": device.site,
                "zone": device.zone,
                "address": device.address,
                "simulator": is_simulator(commune.site, device),
                "host_key": fingerprint(known.host_key) if known.host_key else None,
                "backups": len(kept),
                "last_seen": kept[-1].stem if kept else None,
            }
        )
    session.document(facts)
    if not facts:
        session.result(session.text("Hồ sơ không khai thiết bị nào.", "The profile declares no devices."))
    for fact in facts:
        mark = session.text("  (giả lập)", "  (simulator)") if fact["simulator"] else ""
        seen = fact["last_seen"] or session.text("chưa gặp", "never met")
        line = f"{fact['name']:<16}{fact['platform']:<20}{fact['address']:<16}{seen}{mark}"
        session.result(line)


def show(context: typer.Context, profile: options.Profile, device: Device, target: options.Target = None) -> None:
    """Show the configuration that is rendered for a device, secrets by their names. Asks no device."""
    from smartcommune.cli.loading import load_commune
    from smartcommune.devices.render import render

    session = of(context)
    commune = load_commune(profile, target)
    (name,) = check_devices(commune, [device])
    text = render(commune.site, commune.site.device(name))
    session.document({"device": name, "configuration": text})
    for line in text.splitlines():
        session.result(line)


def diff(
    context: typer.Context,
    profile: options.Profile,
    target: options.Target = None,
    limit: OneDevice = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 3 when there are changes.")] = False,
) -> None:
    """Show what differs between each device and its design, and what on it is not the toolkit's. Changes nothing."""
    from smartcommune.cli.plan import show_diff

    session = of(context)
    commune, outputs = _standing(session, profile, target)
    results = _look(session, commune, outputs, check_devices(commune, limit))
    session.document([_plain(each) for each in results])
    for each in results:
        if each.looked is None:
            _show_problem(session, each)
            continue
        looked = each.looked
        same = session.text("đúng bản thiết kế", "as designed")
        session.result(f"{each.device}: {same if looked.clean else session.text('khác', 'differs')}", style="bold")
        show_diff(session, looked.comparison.diff, indent="  ")
        for name in looked.secrets_apart:
            session.result(f"  + ‹{name}›", style="green")
        if looked.unsaved:
            session.result(session.text("  chưa được lưu", "  not saved"), style="yellow")
        if looked.comparison.foreign:
            count = len(looked.comparison.foreign)
            session.result(
                session.text(
                    f"  {count} phần không do bộ công cụ quản lý, để nguyên",
                    f"  {count} sections are not the toolkit's and are left alone",
                ),
                style="dim",
            )
    raise typer.Exit(_code(results, exit_code=exit_code))


def backup(
    context: typer.Context, profile: options.Profile, target: options.Target = None, limit: OneDevice = None
) -> None:
    """Fetch and keep the configuration of each device, unless it is the one kept last; show where it is."""
    from smartcommune.devices.record import keeper_of

    session = of(context)
    commune, outputs = _standing(session, profile, target)
    results = _look(session, commune, outputs, check_devices(commune, limit))
    facts = []
    for each in results:
        if each.looked is None:
            _show_problem(session, each)
            continue
        newest = keeper_of(commune.folder, each.device).backups()[-1]
        facts.append({"device": each.device, "file": newest})
        session.result(f"{each.device}: {newest}")
    session.document(facts)
    raise typer.Exit(_code(results, exit_code=False))


def check_devices(commune: Commune, names: list[str] | None) -> tuple[str, ...]:
    """Return the named devices, all of them when none is named; raises UsageError when one is not in the Site."""
    from smartcommune.document.nearest import one_of
    from smartcommune.errors import UsageError
    from smartcommune.text import Text

    known = [device.name for device in commune.site.devices]
    for name in names or ():
        if name not in known:
            raise UsageError(
                Text(vi=f"không có thiết bị {name}", en=f"there is no device {name}"), todo=one_of(name, known)
            )
    return tuple(names or known)


def _standing(session: Session, profile: str, target: str | None) -> tuple[Commune, Outputs]:
    """Return the commune and what stands of it."""
    from smartcommune.cli.loading import load_commune
    from smartcommune.cli.privilege import become_root_for
    from smartcommune.targets.outputs import fetch_outputs

    commune = load_commune(profile, target)
    become_root_for(session, commune.site.target)
    return commune, fetch_outputs(commune.site)


def _look(session: Session, commune: Commune, outputs: Outputs, names: tuple[str, ...]) -> tuple[DeviceResult, ...]:
    from smartcommune.cli.progress import progress
    from smartcommune.devices.work import look_at_devices
    from smartcommune.runs.devices import from_devices

    if not names:
        return ()
    with progress(session) as tell:
        return look_at_devices(commune.site, outputs, limit=names, on_event=lambda event: tell(from_devices(event)))


def _plain(result: DeviceResult) -> dict[str, object]:
    looked = result.looked
    return {
        "device": result.device,
        "state": result.state,
        "message": result.message,
        "diff": looked.comparison.diff if looked else None,
        "unsaved": looked.unsaved if looked else None,
        "secrets_due": looked.secrets_apart if looked else None,
        "foreign": looked.comparison.foreign if looked else None,
    }


def _show_problem(session: Session, result: DeviceResult) -> None:
    if result.message is not None:
        session.result(f"! {session.say(result.message)}", style="red")
    if result.todo is not None:
        session.result(f"  → {session.say(result.todo)}")


def _code(results: tuple[DeviceResult, ...], *, exit_code: bool) -> int:
    if any(each.state == "failed" for each in results):
        return FAILED
    if any(each.state == "not_reached" for each in results):
        return NOT_REACHED
    return CHANGES_FOUND if exit_code and any(each.state == "changed" for each in results) else DONE
