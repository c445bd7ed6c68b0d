"""``smartcommune report``: where the latest report is, what it says in short, and opening it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Annotated

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.verify.report import ReportFiles
    from smartcommune.verify.report.models import Report


def report(
    context: typer.Context,
    profile: options.Profile,
    target: options.Target = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in this computer's browser.")] = False,
) -> None:
    """Show the latest report in short and where its files are."""
    from smartcommune.cli.loading import load_commune
    from smartcommune.errors import NotProvisionedError
    from smartcommune.text import Text
    from smartcommune.verify.report import ReportFiles, load_report

    session = of(context)
    commune = load_commune(profile, target)
    folder = commune.folder / "report"
    try:
        latest = load_report(folder)
    except FileNotFoundError:
        raise NotProvisionedError(
            Text(vi="chưa có báo cáo nào", en="there is no report yet"),
            todo=Text(vi=f"chạy: smartcommune verify {profile}", en=f"run: smartcommune verify {profile}"),
        ) from None
    files = ReportFiles.within(folder)
    session.document(latest)
    show_report(session, latest, files)
    if (drill := latest.drills.last) is not None:
        outcome = session.text(*(("đạt", "passed") if drill.state == "passed" else ("hỏng", "failed")))
        session.result(
            session.text(
                f"Diễn tập khôi phục gần nhất: {drill.started}, {outcome}",
                f"Last restore drill: {drill.started}, {outcome}",
            )
        )
    if show and (browser := shutil.which("xdg-open")):
        subprocess.run([browser, str(files.html)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def show_report(session: Session, latest: Report, files: ReportFiles) -> None:
    """Print a report in short: coverage first, then what failed and what was not seen."""
    from smartcommune.verify.report.html import STATE_TITLES

    if latest.seen is None:
        _show_unchecked(session, latest, files)
        return
    count = latest.summary
    hosts = session.text(
        f"Đã kết nối {count.hosts_reached}/{count.hosts_planned} máy",
        f"{count.hosts_reached} of {count.hosts_planned} hosts reached",
    )
    if not count.checks_planned:
        session.result(session.text(f"{hosts}; không có kiểm tra nào chạy được.", f"{hosts}; no check could be run."))
        session.result(session.text(f"Báo cáo: {files.html}", f"Report: {files.html}"))
        return
    session.result(
        session.text(
            f"{hosts}; {count.checks_with_result}/{count.checks_planned} kiểm tra đã định có kết quả.",
            f"{hosts}; {count.checks_with_result} of {count.checks_planned} planned checks have a result.",
        )
    )
    session.result(
        session.text(
            f"{count.passed} đạt, {count.failed} hỏng, {count.skipped} bỏ qua, "
            f"{count.not_reached} không tới được, {count.not_run} chưa chạy",
            f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped, "
            f"{count.not_reached} not reached, {count.not_run} not run",
        )
    )
    for host in latest.seen.hosts:
        lost = sum(result.check.host == host.name and result.state == "not_reached" for result in latest.seen.results)
        if not host.reached:
            line = session.text("không tới được", "not reached")
            line += session.text(f", {lost} kiểm tra", f", {lost} checks") if lost else ""
            session.result(f"  ! {host.name}: {line}: {session.say(host.reason)}", style="yellow")
    for result in latest.seen.results:
        if result.state not in ("passed", "not_reached"):
            title = session.say(result.check.title)
            mark = "✕" if result.state == "failed" else "–"
            state, reason = session.say(STATE_TITLES[result.state]), session.say(result.reason_text)
            line = f"  {mark} {result.check.host} {result.check.service}: {title} ({state}) {reason}"
            session.result(line.rstrip(), style="red" if result.state == "failed" else "yellow")
    session.result(session.text(f"Báo cáo: {files.html}", f"Report: {files.html}"))


def _show_unchecked(session: Session, latest: Report, files: ReportFiles) -> None:
    """Say that nothing was checked, and where the last results are."""
    from smartcommune.verify.report import LAST_CHECKED

    reason = session.say(latest.unchecked) if latest.unchecked else ""
    session.result(
        session.text(
            f"Các kiểm tra không được chạy: {reason}. Chạy: smartcommune verify {latest.profile}",
            f"The checks were not run: {reason}. To run them: smartcommune verify {latest.profile}",
        ),
        style="yellow",
    )
    session.result(session.text(f"Báo cáo: {files.html}", f"Report: {files.html}"))
    if latest.last_checked is not None:
        kept = files.html.parent / LAST_CHECKED / files.html.name
        session.result(
            session.text(
                f"Kết quả gần nhất, lúc {latest.last_checked}: {kept}",
                f"Last results, of {latest.last_checked}: {kept}",
            )
        )


COMMANDS = (report,)
