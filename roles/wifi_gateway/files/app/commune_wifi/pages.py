"""The portal's pages: plain HTML that an old phone shows, without scripts, pictures or fonts. Pure."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from commune_wifi.settings import PortalSettings
from commune_wifi.words import LANGUAGES, duration, say

MEGABYTE = 10**6
STYLE = (
    "body{margin:0;font:17px/1.5 sans-serif;color:#1b1b1b;background:#f2f4f1}"
    "main,header,footer{max-width:36em;margin:0 auto;padding:.6em 1em}"
    "header{display:flex;justify-content:space-between;gap:1em}h1{font-size:1.5em;line-height:1.25;margin:.2em 0}"
    "h2{font-size:1.1em;margin:1em 0 .2em}a{color:#0b5394}section,form{background:#fff;padding:.6em 1em;margin:.8em 0}"
    ".fault{border-left:.4em solid #b3261e;padding:.4em .8em;background:#fff}"
    ".terms{max-height:14em;overflow:auto;border:1px solid #9aa39a;padding:0 .8em}"
    "label{display:block;margin:.6em 0;padding:.3em 0}"
    "input[type=checkbox]{width:1.4em;height:1.4em;vertical-align:middle}"
    "input[type=text]{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5em}"
    "button{font:inherit;font-weight:bold;width:100%;padding:.8em;border:0;background:#14532d;color:#fff}"
    "a:focus,button:focus,input:focus,.terms:focus{outline:3px solid #e8a200}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Pages:
    """Renders for one portal."""

    def __init__(self, settings: PortalSettings) -> None:
        self.settings = settings

    def home(self, language: str, status: dict[str, Any], fault: str = "") -> str:
        """Return the page for a device in some state: what it may do, and how to get further."""
        state = str(status.get("state"))
        body = {"in": self._inside, "spent": self._spent, "new": self._welcome}.get(state, self._other)
        return self._whole(language, body(language, status | {"fault": fault or status.get("fault", "")}))

    def moved(self) -> str:
        """Return the page behind a redirection, for programs that do not follow it."""
        link = f'<a href="{escape(self.settings.url)}">{escape(say("vi", "moved"))}</a>'
        return self._whole("vi", f"<h1>{link}</h1>")

    def _whole(self, language: str, body: str) -> str:
        other = next(each for each in LANGUAGES if each != language)
        title = say(language, "title", commune=self.settings.commune)
        contact = self.settings.contact and say(language, "contact", contact=self.settings.contact)
        return (
            f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
            f'<header><strong>{escape(title)}</strong><a lang="{other}" href="/?lang={other}">'
            f"{escape(say(language, 'other'))}</a></header><main>{body}{self._links(language)}</main>"
            f"<footer><p>{escape(contact)}</p></footer></body></html>\n"
        )

    def _links(self, language: str) -> str:
        if not self.settings.pages:
            return ""
        items = "".join(
            f'<li><a href="{escape(page["url"])}">{escape(page[language])}</a></li>' for page in self.settings.pages
        )
        return f"<section><h2>{escape(say(language, 'pages'))}</h2><ul>{items}</ul></section>"

    def _welcome(self, language: str, status: dict[str, Any]) -> str:
        own = self.settings
        wrong = status["fault"] and say(language, f"fault_{status['fault']}")
        fault = wrong and f'<p class="fault" role="alert">{escape(wrong)}</p>'
        terms = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in own.terms)
        note = escape(say(language, "terms_language"))
        code = ""
        if own.vouchers:
            code = (
                f'<label>{escape(say(language, "code"))}<input type="text" name="code" maxlength="20" required'
                ' autocomplete="off" autocapitalize="none" spellcheck="false"></label>'
            )
        return (
            f"<h1>{escape(say(language, 'welcome'))}</h1>{fault}<p>{escape(say(language, 'free'))}</p>"
            f'<form method="post" action="/"><h2>{escape(say(language, "terms"))}</h2>{note and f"<p>{note}</p>"}'
            f'<div class="terms" lang="vi" tabindex="0">{terms}</div>'
            f'<input type="hidden" name="lang" value="{language}">'
            f'<input type="hidden" name="terms" value="{escape(own.terms_version)}">{code}'
            f'<label><input type="checkbox" name="agree" value="yes" required> {escape(say(language, "agree"))}</label>'
            f"<button>{escape(say(language, 'enter'))}</button></form>"
            f"<section><h2>{escape(say(language, 'limits'))}</h2><ul>{self._limits(language)}</ul>"
            f"<h2>{escape(say(language, 'notice'))}</h2>"
            f"<p>{escape(say(language, 'notice_text', days=own.log_days))}</p></section>"
        )

    def _limits(self, language: str) -> str:
        own = self.settings
        lines = [say(language, "limit_time", hours=own.session_hours)]
        if own.daily_megabytes:
            lines.append(say(language, "limit_volume", megabytes=own.daily_megabytes))
        lines.append(say(language, "limit_rate", down=f"{own.down_mbit:g}", up=f"{own.up_mbit:g}"))
        return "".join(f"<li>{escape(line)}</li>" for line in lines)

    def _inside(self, language: str, status: dict[str, Any]) -> str:
        volume = ""
        if status.get("bytes") is not None:
            volume = say(language, "in_volume", megabytes=int(status["bytes"]) // MEGABYTE)
        left = say(language, "in_text", time=duration(language, int(status["seconds"])), volume=volume)
        return f"<h1>{escape(say(language, 'in'))}</h1><p>{escape(left)}</p><p>{escape(say(language, 'again'))}</p>"

    def _spent(self, language: str, status: dict[str, Any]) -> str:
        words = say(language, "spent_text", time=duration(language, int(status["seconds"])))
        return f"<h1>{escape(say(language, 'spent'))}</h1><p>{escape(words)}</p>"

    def _other(self, language: str, status: dict[str, Any]) -> str:
        key = "unknown" if status.get("state") == "unknown" else "down"
        return f"<h1>{escape(say(language, key))}</h1><p>{escape(say(language, f'{key}_text'))}</p>"
