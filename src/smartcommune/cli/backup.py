"""``smartcommune backup`` and ``restore``: the data of each service on its host, saved and brought back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.cli.loading import Commune

STAMP = "%Y%m%dT%H%M%SZ"


def backup(
    context: typer.Context,
    profile: options.Profile,
    target: options.Target = None,
    limit: options.Limit = None,
    wait: options.Wait = 0,
) -> None:
    """Save the data of every service that keeps some, on its host, under one stamp."""
    session = of(context)
    commune = _open(session, profile, target)
    stamp = f"{datetime.now(UTC):{STAMP}}"
    _run(session, commune, "backup", limit, wait, stamp)


def restore(
    context: typer.Context,
    profile: options.Profile,
    stamp: Annotated[
        str | None, typer.Option("--stamp", help="Which backup; the last one made when not given.", show_default=False)
    ] = None,
    away: Annotated[
        bool, typer.Option("--away", help="The newest backup that each host has on the second machine.")
    ] = False,
    target: options.Target = None,
    limit: options.Limit = None,
    yes: options.Yes = False,
    wait: options.Wait = 0,
) -> None:
    """Bring back the data of a backup. What was written since then is lost: asks first.

    A host that has not the backup itself, one made anew say, fetches it from the second machine.
    """
    session = of(context)
    commune = _open(session, profile, target)
    which = stamp or (None if away else _latest(commune))
    named = which or session.text("(mới nhất ở máy thứ hai)", "(the newest on the second machine)")
    question = session.text(
        f"Khôi phục bản sao lưu {named} của {commune.site.profile}? Dữ liệu ghi sau đó sẽ mất.",
        f"Restore the backup {named} of {commune.site.profile}? What was written since then is lost.",
    )
    session.confirm(question, yes=yes)
    _run(session, commune, "restore", limit, wait, which)


def _latest(commune: Commune) -> str:
    """Return the stamp of the last whole backup; raises UsageError when none is on record."""
    from smartcommune.errors import UsageError
    from smartcommune.runs.record import load_latest
    from smartcommune.text import Text

    record = load_latest(commune.folder, "backup", "done")
    if record is None or record.backup is None:
        raise UsageError(
            Text(vi="chưa có bản sao lưu nào được ghi nhận", en="no backup is on record"),
            todo=Text(
                vi="ghi bản cần lấy: --stamp <dấu>, hoặc --away để lấy bản mới nhất ở máy thứ hai",
                en="name the one you mean: --stamp <stamp>, or --away for the newest on the second machine",
            ),
        )
    return record.backup


def _open(session: Session, profile: str, target: str | None) -> Commune:
    from smartcommune.cli.loading import load_commune
    from smartcommune.cli.privilege import become_root_for

    commune = load_commune(profile, target)
    become_root_for(session, commune.site.target)
    return commune


def _run(
    session: Session, commune: Commune, playbook: str, limit: list[str] | None, wait: int, stamp: str | None
) -> None:
    from smartcommune.cli.failure import show_failures
    from smartcommune.cli.loading import check_hosts
    from smartcommune.cli.progress import progress
    from smartcommune.runs.playbook import run_user_playbook

    hosts = check_hosts(commune, limit)
    with progress(session) as tell:
        result = run_user_playbook(
            commune.site,
            playbook,
            tell,
            limit=hosts,
            stamp=stamp,
            variables={} if stamp else {"commune_backup_away": "true"},
            wait=timedelta(seconds=wait),
        )
    session.document({"profile": commune.site.profile, "playbook": playbook, "stamp": stamp, **result.to_plain()})
    named = stamp or session.text("(mới nhất ở máy thứ hai)", "(the newest on the second machine)")
    session.result(session.text(*_verdict(playbook, named, whole=result.exit_code == 0)))
    for name, counts in result.hosts.items():
        state = session.text(
            f"{counts.changed} thay đổi, {counts.failed} hỏng" + (", không tới được" if counts.unreachable else ""),
            f"{counts.changed} changed, {counts.failed} failed" + (", not reached" if counts.unreachable else ""),
        )
        session.result(f"{name}: {state}")
    show_failures(session, result.failures)
    raise typer.Exit(result.exit_code)


def _verdict(playbook: str, stamp: str, *, whole: bool) -> tuple[str, str]:
    """Return in both languages what came of it; what did not end well is not called a backup, nor restored."""
    if playbook == "restore":
        if whole:
            return (f"Đã khôi phục từ bản sao lưu {stamp}", f"Restored from backup {stamp}")
        return (f"Chưa khôi phục hết từ bản sao lưu {stamp}", f"Not all restored from backup {stamp}")
    if whole:
        return (f"Bản sao lưu: {stamp}", f"Backup: {stamp}")
    return (f"Bản sao lưu không trọn vẹn: {stamp}", f"Backup not whole: {stamp}")


COMMANDS = (backup, restore)
