"""``smartcommune status``: what stands, who holds the lock, how the last run and the last checks ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.cli.loading import Commune
    from smartcommune.runs.record import RunRecord

_LOCKED = ("apply", "backup", "restore")  # these hold the commune's lock as long as they run
_CUT = Text(vi="bị cắt ngang", en="was cut off")
_STATES = {
    "running": Text(vi="đang chạy", en="is running"),
    "done": Text(vi="đã xong", en="done"),
    "failed": Text(vi="hỏng", en="failed"),
    "interrupted": Text(vi="bị ngắt", en="interrupted"),
}


def status(context: typer.Context, profile: options.Profile, target: options.Target = None) -> None:
    """Show what is known without asking any host: machines, lock, last run, last report."""
    from smartcommune.cli.loading import load_commune

    session = of(context)
    commune = load_commune(profile, target)
    try:
        known = _known(commune)
    except PermissionError:  # what root made for the lab is root's
        from smartcommune.cli.privilege import become_root

        become_root(session)
        raise
    session.document(known)
    _show(session, known)


def _known(commune: Commune) -> dict[str, Any]:
    from smartcommune.errors import NotProvisionedError
    from smartcommune.runs.record import load_latest
    from smartcommune.targets.lock import load_holder
    from smartcommune.targets.outputs import fetch_outputs
    from smartcommune.verify.report import load_report

    site = commune.site
    try:
        outputs = fetch_outputs(site)
        made, key = {name: host.address for name, host in outputs.hosts.items()}, outputs.ssh.public
    except NotProvisionedError:
        made, key = {}, None
    holder = load_holder(commune.folder / "lock")
    run = load_latest(commune.folder)
    try:
        report = load_report(commune.folder / "report")
    except FileNotFoundError:
        report = None
    return {
        "profile": site.profile,
        "target": site.target,
        "hosts": [
            {"name": host.name, "address": made.get(host.name), "provisioned": host.name in made} for host in site.hosts
        ],
        "ssh_key": key,
        "lock": holder if holder is not None and holder.alive() else None,
        "run": run,
        "report": {"generated": report.generated, "summary": report.summary if report.seen else None}
        if report
        else None,
    }


def _show(session: Session, known: dict[str, Any]) -> None:
    session.result(f"{known['profile']} → {known['target']}", style="bold")
    for host in known["hosts"]:
        where = host["address"] or session.text("chưa dựng", "not provisioned")
        session.result(f"  {host['name']}: {where}")
    if known["target"] == "existing" and (key := known["ssh_key"]):
        title = session.text("khóa SSH của công cụ", "the toolkit's SSH key")
        session.result(f"  {title}: {key}")
    if lock := known["lock"]:
        held = session.text("khóa", "lock")
        session.result(f"  {held}: {lock.user}@{lock.host} pid {lock.pid}, {lock.since}, {lock.command}")
    run, report = known["run"], known["report"]
    last = session.text("lượt chạy gần nhất", "last run")
    never = session.text("chưa có", "none yet")
    session.result(f"  {last}: " + (_told(session, run, locked=lock is not None) if run else never))
    title = session.text("báo cáo gần nhất", "last report")
    if report is None:
        session.result(f"  {title}: {never}")
        return
    if (count := report["summary"]) is None:
        unchecked = session.text("các kiểm tra không được chạy", "the checks were not run")
        session.result(f"  {title}: {report['generated']}, {unchecked}")
        return
    seen = session.text(
        f"{count.hosts_reached}/{count.hosts_planned} máy, {count.passed}/{count.checks_planned} kiểm tra đạt",
        f"{count.hosts_reached} of {count.hosts_planned} hosts, {count.passed} of {count.checks_planned} checks passed",
    )
    session.result(f"  {title}: {report['generated']}, {seen}")


def _told(session: Session, run: RunRecord, *, locked: bool) -> str:
    """Return one line about the last run: how it ended, and how to go on where it did not end by itself."""
    cut = run.state == "running" and run.command in _LOCKED and not locked
    line = f"{run.command} {session.say(_CUT if cut else _STATES[run.state])}, {run.started}"
    if cut or run.state == "interrupted":
        line += session.text(" – chạy lại chính lệnh đó để làm tiếp", " – run the same command again to resume")
    return line


COMMANDS = (status,)
