"""The report as one self-contained HTML page: no script, style, font or picture comes from anywhere else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from smartcommune.sizes import format_bytes
from smartcommune.text import LANGUAGES, Language, Text
from smartcommune.verify.results import STATES, CheckResult

if TYPE_CHECKING:
    from smartcommune.verify.report.models import Report

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_VIETNAM = timezone(timedelta(hours=7))  # one time zone, no summer time
STATE_TITLES = {
    "passed": Text(vi="Đạt", en="Passed"),
    "failed": Text(vi="Hỏng", en="Failed"),
    "skipped": Text(vi="Bỏ qua", en="Skipped"),
    "not_reached": Text(vi="Không tới được", en="Not reached"),
    "not_run": Text(vi="Chưa chạy", en="Not run"),
}
STATE_MARKS = {"passed": "✓", "failed": "✕", "skipped": "–", "not_reached": "!", "not_run": "○"}
STAGE_TITLES = {
    "machines": Text(vi="Máy, mạng và bí mật (Pulumi)", en="Machines, networks and secrets (Pulumi)"),
    "hosts": Text(vi="Cấu hình máy (Ansible)", en="Configuration of hosts (Ansible)"),
    "devices": Text(vi="Thiết bị mạng (Netmiko)", en="Network devices (Netmiko)"),
    "checks": Text(vi="Kiểm tra (Testinfra)", en="Checks (Testinfra)"),
}
DEVICE_TITLE = Text(vi="Thiết bị mạng", en="Network device")
STAGE_STATES = {
    "done": Text(vi="xong", en="done"),
    "failed": Text(vi="hỏng", en="failed"),
    "interrupted": Text(vi="bị ngắt", en="interrupted"),
}


def render_html(report: Report, language: Language = "vi") -> str:
    """Return the page, shown in ``language`` first; the reader switches without a network."""
    results = report.seen.results if report.seen else ()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            language=language,
            groups=_by_service(results),
            titles={service.name: service.title for service in report.asked.services} | {"device": DEVICE_TITLE},
            failures=[result for result in results if result.state == "failed"],
            counts=report.seen.counts() if report.seen else dict.fromkeys(STATES, 0),
            state_titles=STATE_TITLES,
            state_marks=STATE_MARKS,
            stage_titles=STAGE_TITLES,
            stage_states=STAGE_STATES,
        )
    )


def _by_service(results: tuple[CheckResult, ...]) -> list[tuple[str, str, list[CheckResult]]]:
    """Return (host, service, results), in the order of the run."""
    groups = groupby(results, lambda result: (result.check.host, result.check.service))
    return [(host, service, list(group)) for (host, service), group in groups]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("smartcommune.verify.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say}
    environment.filters |= {"days_until": days_until}
    environment.filters |= {
        "both": both,
        "readable": readable,
        "moment": moment,
        "duration": duration,
        "size": format_bytes,
    }
    return environment


def both(value: Text | str) -> Markup:
    """Return a text in both languages, of which the page shows one; a plain string as it is."""
    if isinstance(value, str):
        return Markup.escape(value)
    if value.vi == value.en:
        return Markup.escape(value.vi)
    spans = (Markup('<span lang="{}">{}</span>').format(language, value.get(language)) for language in LANGUAGES)
    return Markup("").join(spans)


def readable(text: str) -> str:
    """Return captured output without terminal colours and other control characters."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def say(vi: str, en: str, **values: Any) -> Markup:
    """Return a sentence of the template in both languages, with ``values`` filled in."""
    return both(Text(vi=vi.format(**values), en=en.format(**values)))


def moment(stamp: str) -> str:
    """Return an ISO 8601 time in Viet Nam's time."""
    return datetime.fromisoformat(stamp).astimezone(_VIETNAM).strftime("%d/%m/%Y %H:%M (UTC+7)")


def days_until(earlier: str, later: str) -> int:
    """Return the whole days between two ISO 8601 times."""
    return max(0, (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).days)


def duration(seconds: float) -> Markup:
    """Return a time span as people write it."""
    if seconds < 10:
        return say("{s} giây", "{s} s", s=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return say("{s} giây", "{s} s", s=rest)
    return say("{m} phút {s:02} giây", "{m} min {s:02} s", m=minutes, s=rest)
