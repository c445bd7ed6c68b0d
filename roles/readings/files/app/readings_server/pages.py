"""The pages as HTML: latest readings, a sensor's day, the log of alerts. Pure; no script, below 50 KB each."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from readings_server.graph import Point, draw
from readings_server.notices import describe
from readings_server.texts import TEXTS, moment, number, quantity_title

if TYPE_CHECKING:
    from datetime import datetime

STYLE = (
    "body{font:16px/1.45 sans-serif;margin:0 auto;max-width:44em;padding:0 .8em 2em;color:#123}"
    "h1{font-size:1.3em}h2{font-size:1.1em;margin:1.2em 0 .3em}a{color:#05527a}"
    "nav a{display:inline-block;margin-right:1em}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3em .4em;border-top:1px solid #ccd}"
    ".v{font-weight:bold;white-space:nowrap}.w{color:#a01010}.s{color:#556;font-size:.85em}"
    "svg{width:100%;height:auto}svg text{font:9px sans-serif;fill:#445}"
    ".a,.b,.l{fill:none;stroke:#889;stroke-width:1}.b{stroke:#a01010;stroke-dasharray:4 3}"
    ".l{stroke:#05527a;stroke-width:1.5}.c{fill:#05527a}"
)
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MOST_ROWS = 120  # of a list: what keeps a page below 50 KB
Rows = list[dict[str, Any]]


def page(settings: dict[str, Any], language: str, path: str, title: str, body: str) -> str:
    """Return a whole page around its body."""
    words = TEXTS[language]
    other = "en" if language == "vi" else "vi"
    here = f"?lang={language}"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(words['title'])}</h1><p>{escape(words['of'])} {escape(settings['commune'])}</p>"
        f'<nav><a href="/{here}">{words["latest"]}</a><a href="/canh-bao{here}">{words["alerts"]}</a>'
        f'<a href="{escape(path)}?lang={other}">{words["other"]}</a></nav>{body}</body></html>'
    )


def latest_page(settings: dict[str, Any], language: str, latest: Rows, standing: Rows) -> str:
    """Return the first page: the last reading of everything that is measured, by place."""
    words = TEXTS[language]
    known = {(row["sensor"], row["quantity"]): row for row in latest}
    warned = {(row["sensor"], row["quantity"]): row["kind"] for row in standing}
    parts, lines, place = [], 0, None
    shown = sorted(
        ((name, sensor) for name, sensor in settings["sensors"].items() if not sensor["test"]),
        key=lambda each: (each[1]["place"], each[0]),
    )
    for name, sensor in shown:
        measured = [quantity for quantity in sensor["quantities"] if (name, quantity) in known] or [""]
        for quantity in measured:
            if lines == MOST_ROWS:
                break
            if sensor["place"] != place:
                parts += ["</table>" if place is not None else "", f"<h2>{escape(sensor['place'])}</h2><table>"]
                place = sensor["place"]
            lines += 1
            parts.append(_latest_line(settings, language, name, quantity, known, warned))
    body = "".join(parts) + "</table>" if parts else f"<p>{words['none']}</p>"
    return page(settings, language, "/", words["title"], body)


def _latest_line(
    settings: dict[str, Any], language: str, name: str, quantity: str,
    known: dict[tuple[str, str], dict[str, Any]], warned: dict[tuple[str, str], str],
) -> str:  # fmt: skip
    words, row = TEXTS[language], known.get((name, quantity))
    warnings = [words[kind] for key in ((name, quantity), (name, "")) if (kind := warned.get(key))]
    link = f'<a href="/cam-bien/{quote(name)}?lang={language}">'
    remark = f'<br><span class="w">{escape(", ".join(dict.fromkeys(warnings)))}</span>' if warnings else ""
    if row is None:
        return f'<tr><td>{link}{escape(name)}</a>{remark}</td><td class="s">{words["waiting"]}</td></tr>'
    flags = ", ".join(words.get(flag, flag) for flag in row["flags"])
    return (
        f"<tr><td>{link}{escape(quantity_title(settings, quantity, language))}</a>{remark}</td>"
        f'<td><span class="v">{number(row["value"], language)} {escape(row["unit"])}</span><br>'
        f'<span class="s">{moment(row["time"])}{", " + escape(flags) if flags else ""}</span></td></tr>'
    )


def sensor_page(
    settings: dict[str, Any], language: str, name: str, series: dict[str, list[Point]], now: datetime
) -> str:
    """Return a sensor's page: a drawing of the last day for each quantity that it measures."""
    words, sensor = TEXTS[language], settings["sensors"][name]
    title = f"{sensor['place']} ({name})"
    parts = [f"<h2>{escape(title)}</h2>"]
    for quantity, points in series.items():
        rule = sensor["quantities"][quantity]
        bounds = (rule.get("minimum"), rule.get("maximum"))
        heading = f"{quantity_title(settings, quantity, language)}, {rule['unit']}"
        parts.append(f"<h2>{escape(heading)}</h2>{draw(points, now, bounds, heading, language)}")
        if any(bound is not None for bound in bounds):
            said = " – ".join("…" if bound is None else number(bound, language) for bound in bounds)
            parts.append(f'<p class="s">{words["limits"]}: {said} {escape(rule["unit"])}</p>')
    if not series:
        parts.append(f"<p>{words['none']}</p>")
    limits = sensor.get("limits")
    if limits:
        parts.append(
            f'<p class="s">{words["source"]}: {escape(limits["source"])} ({escape(limits["title"][language])}), '
            f"{escape(limits['read_on'])}. {escape(limits['caveat'][language])}</p>"
        )
    return page(settings, language, f"/cam-bien/{quote(name)}", title, "".join(parts))


def alerts_page(settings: dict[str, Any], language: str, alerts: Rows) -> str:
    """Return the log of alerts, newest first."""
    words = TEXTS[language]
    lines = []
    for alert in alerts[:MOST_ROWS]:
        end = moment(alert["ended"]) if alert["ended"] else words["standing"]
        mark = "" if alert["ended"] else ' class="w"'
        lines.append(
            f"<tr><td{mark}>{escape(describe(alert, settings, language))}<br>"
            f'<span class="s">{moment(alert["began"])} – {end}</span></td></tr>'
        )
    body = f"<table>{''.join(lines)}</table>" if lines else f"<p>{words['no_alerts']}</p>"
    return page(settings, language, "/canh-bao", words["alerts"], f"<h2>{words['alerts']}</h2>{body}")


def missing_page(settings: dict[str, Any], language: str) -> str:
    """Return what stands at an address that is none."""
    words = TEXTS[language]
    return page(settings, language, "/", words["not_found"], f"<p>{words['not_found']}.</p>")
