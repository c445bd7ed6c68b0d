"""MikroTik RouterOS: every command is in effect and kept at once; the way back is a backup that a scheduler loads.

Two schedulers: one when the time is over, one after any reboot in between. The backup is older than both, so that
loading it (which reboots) removes them too. Confirming removes schedulers and backup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartcommune.devices.errors import NoWayBackError
from smartcommune.devices.models import Armed, Comparison, Fetched
from smartcommune.devices.platforms.base import Platform, clean
from smartcommune.devices.platforms.mikrotik_routeros import export
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.site.models import Device
    from smartcommune.transports.netmiko import Session

SECONDS = 45  # loading a backup reboots: with that the device is back within 90 s
NAME = "commune-revert"
_LOAD = f'/system backup load name={NAME} password=\\"\\"'
_COUNT = f':put [:len [/system scheduler find name~"^{NAME}"]]'
_POLICY = "ftp,reboot,read,write,policy,test,password,sniff,sensitive"


class MikrotikRouteros(Platform):
    """MikroTik's routers and access points."""

    name = "mikrotik_routeros"
    title = Text(vi="MikroTik RouterOS", en="MikroTik RouterOS")
    device_type = "mikrotik_routeros"
    prompt = r"(?:^|\n)\[[^\]\n]+\][^\n>]*> ?$"
    refusals = re.compile(
        r"^\s*((?:syntax error|bad command name|expected |input does not match|failure:|no such item|invalid value|"
        r"ambiguous|value of|unknown parameter|missing value).*)$",
        re.MULTILINE,
    )
    secrets_shown = (re.compile(r"\b((?:passphrase|[a-z-]*password)=)(?:\"(?:\\.|[^\"\\])*\"|\S+)"),)
    undo_seconds = 45

    def fetch(self, session: Session) -> Fetched:
        """Return what runs, which is what is kept."""
        return Fetched(clean(session.run("/export terse", seconds=90), self.prompt), None)

    def compare(self, device: Device, running: str, wanted: str) -> Comparison:
        """Return what leads from ``running`` to ``wanted``."""
        found, foreign = export.differences(export.parse(running), export.parse(wanted))
        diff = "\n".join(self.redact(each.shown) for each in found)
        return Comparison(tuple(each.command for each in found), diff, tuple(foreign))

    def secret_lines(self, wanted: str, due: Iterable[str]) -> tuple[str, ...]:
        """Return the commands that set these secrets anew."""
        return tuple(export.secret_commands(export.parse(wanted), due))

    def arm(self, session: Session) -> Armed:
        """Make the backup, then the schedulers that load it, and see that they are there."""
        session.run(f"/system backup save name={NAME} dont-encrypt=yes", seconds=60)
        for name, when in ((NAME, f"interval={SECONDS}s"), (f"{NAME}-boot", "start-time=startup")):
            session.run(f'/system scheduler add name={name} {when} policy={_POLICY} on-event="{_LOAD}"')
        if (count := _number(session.run(_COUNT))) != 2:
            session.run(f'/system scheduler remove [ find name~"^{NAME}" ]')
            raise NoWayBackError(
                Text(
                    vi=f"thiết bị chỉ nhận {count} trên 2 lịch lùi lại; không có gì bị thay đổi",
                    en=f"the device took {count} of 2 schedulers that undo the change; nothing was changed",
                )
            )
        return Armed("scheduler", SECONDS)

    def commit(self, session: Session, armed: Armed) -> None:
        """Do nothing: each command took effect as it was sent."""

    def confirm(self, first: Session, second: Session, armed: Armed) -> None:
        """Remove schedulers and backup."""
        second.run(f'/system scheduler remove [ find name~"^{NAME}" ]')
        if _number(second.run(_COUNT)) != 0:
            raise NoWayBackError(
                Text(vi="không gỡ được lịch lùi lại", en="the schedulers that undo the change cannot be removed")
            )
        second.run(f'/file remove [ find name="{NAME}.backup" ]')

    def undo(self, session: Session, armed: Armed) -> bool:
        """Load the backup now, in the background, where nothing asks; that reboots."""
        session.run(f':execute "{_LOAD}"', seconds=5)
        return False

    def save(self, session: Session) -> None:
        """Do nothing: RouterOS keeps what runs."""

    def password_lines(self, device: Device, secret: str) -> tuple[str, ...]:
        """Return the command that changes the account."""
        return (f"/user set [ find name={device.user} ] password={secret}",)


def _number(answer: str) -> int:
    """Return the number in an answer; -1 when there is none."""
    found = re.search(r"^\s*(\d+)\s*$", answer, re.MULTILINE)
    return int(found[1]) if found else -1
