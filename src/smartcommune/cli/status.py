"""``smartcommune status``: what stands, who holds the lock, how the last run and the last checks ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.cli.loading import Commune


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
    from smartcommune.site.models import to_plain
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
        "lock": to_plain(holder) if holder is not None and holder.alive() else None,
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
        held = session.text("khoá", "lock")
        session.result(f"  {held}: {lock['user']}@{lock['host']} pid {lock['pid']}, {lock['since']}, {lock['command']}")
    run, report = known["run"], known["report"]
    last = session.text("lượt chạy gần nhất", "last run")
    never = session.text("chưa có", "none yet")
    session.result(f"  {last}: " + (f"{run.command} {run.state}, {run.started}" if run else never))
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


COMMANDS = (status,)
