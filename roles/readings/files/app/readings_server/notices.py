"""Notices of alerts: one when an alert begins, one when it ends, handed to the machine's mail queue."""

from __future__ import annotations

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from readings_server.texts import TEXTS, moment, number, quantity_title

if TYPE_CHECKING:
    from datetime import datetime

    from readings_server.store import Store

QUEUE = ("127.0.0.1", 25)
TIMEOUT = 10


def due(alert: dict[str, Any]) -> list[str]:
    """Return what has to be told of an alert."""
    return [what for what, told in (("began", alert["began_told"]), ("ended", alert["ended"] is None)) if not told]


def describe(alert: dict[str, Any], settings: dict[str, Any], language: str) -> str:
    """Return an alert in one line."""
    words = TEXTS[language]
    place = settings["sensors"].get(alert["sensor"], {}).get("place", "")
    parts = [f"{place} ({alert['sensor']})" if place else alert["sensor"]]
    if alert["quantity"]:
        parts.append(quantity_title(settings, alert["quantity"], language))
    text = ", ".join(parts) + ": " + words[alert["kind"]]
    if alert["value"] is not None:
        text += f", {number(alert['value'], language)} {alert['unit']}"
    if alert["bound"] is not None:
        text += f" ({words['bound']} {number(alert['bound'], language)})"
    return text


def render(alert: dict[str, Any], what: str, settings: dict[str, Any]) -> EmailMessage:
    """Return the letter; its identity is the alert's, so that one that is handed over twice is known as one."""
    mail = EmailMessage()
    lines = {language: describe(alert, settings, language) for language in TEXTS}
    mark = {"began": "Cảnh báo", "ended": "Hết cảnh báo"}[what]
    mail["Subject"] = f"[{settings['commune']}] {mark}: {lines['vi']}".replace("\n", " ")[:200]
    mail["From"] = Address(settings["commune"], addr_spec=settings["sender"])
    mail["To"] = ", ".join(settings["recipients"])
    mail["Message-ID"] = f"<alert-{alert['id']}-{what}@{settings['host']}>"
    mail["Auto-Submitted"] = "auto-generated"
    text = ""
    for language, line in lines.items():
        words = TEXTS[language]
        text += f"{line}\n{words['began']}: {moment(alert['began'])}\n"
        text += f"{words['ended']}: {moment(alert['ended'])}\n" if what == "ended" else ""
        text += "\n"
    mail.set_content(text + f"https://{settings['page']}/canh-bao\n")
    return mail


def send(mail: EmailMessage) -> None:
    """Hand a letter to the queue; raises OSError or SMTPException where it is not taken."""
    with smtplib.SMTP(*QUEUE, timeout=TIMEOUT) as queue:
        queue.send_message(mail)


def tell(store: Store, settings: dict[str, Any], now: datetime, hand_over: Any = send) -> int:
    """Tell what is due and note it; without recipients the page's log is all. Return how many letters went out."""
    sent = 0
    for alert in store.untold():
        for what in due(alert):
            if settings["recipients"] and not settings["sensors"].get(alert["sensor"], {}).get("test"):
                hand_over(render(alert, what, settings))
                sent += 1
            store.told(alert["id"], what, now)
    return sent
