"""Cisco IOS switches: the device's own way back is ``configure terminal revert timer``, which wants an archive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from hier_config import Platform as Dialect

from smartcommune.devices.errors import NotSavedError, NoWayBackError
from smartcommune.devices.models import Armed, Fetched, marks
from smartcommune.devices.platforms.base import REVERT_SECONDS, clean
from smartcommune.devices.platforms.hierarchical import Hierarchical
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.site.models import Device
    from smartcommune.transports.netmiko import Session

_ARCHIVE = ("configure terminal", "archive", "path flash:commune-archive", "end")


class CiscoIos(Hierarchical):
    """Cisco's switches."""

    name = "cisco_ios"
    title = Text(vi="Cisco IOS", en="Cisco IOS")
    device_type = "cisco_ios"
    prompt = r"(?:^|\n)[\w.-]+(?:\([\w.-]+\))?[#>] ?$"
    refusals = re.compile(
        r"^\s*(% ?(?:Invalid|Incomplete|Ambiguous|Unknown|Unrecognized|Bad|Error|Command rejected).*)$", re.MULTILINE
    )
    secrets_shown = (
        re.compile(r"\b(secret (?:\d )?)\S+"),
        re.compile(r"\b(snmp-server community )\S+"),
        re.compile(r"\b(password (?:\d )?)\S+"),
    )
    undo_seconds = 20
    dialect: ClassVar[Dialect] = Dialect.CISCO_IOS
    # users of SNMPv3 are never shown by IOS: they are sent, and known by what was sent last
    volatile = re.compile(
        r"^\s*(Building configuration|Current configuration|Using \d|!|end$|version |snmp-server user |Last config)"
    )
    single = (
        ("hostname ",),
        ("interface ", "switchport trunk allowed vlan"),
        ("interface ", "switchport access vlan"),
        ("interface ", "switchport mode"),
        ("line vty", "transport input"),
        ("line vty", "exec-timeout"),
        ("ip default-gateway",),
        ("archive", "path"),
    )

    def owned(self, device: Device) -> re.Pattern[str]:
        """Return the declared ports, the management interface, our VLANs, and how the switch is administered."""
        vlans = "|".join(str(vlan.number) for vlan in device.vlans)
        ports = "|".join(re.escape(port.name) for port in device.ports) or "$^"
        return re.compile(
            rf"hostname |vlan ({vlans})$|interface (Vlan{device.vlan}|{ports})$|ip default-gateway |"
            r"(no )?ip (domain lookup|domain-lookup|http server|http secure-server|ssh version)|ntp server |"
            r"snmp-server (community|group) |archive$|line vty 0 4$"
        )

    def fetch(self, session: Session) -> Fetched:
        """Return both configurations."""
        running = session.run("show running-config", seconds=90)
        saved = session.run("show startup-config", seconds=90)
        return Fetched(clean(running, self.prompt), clean(saved, self.prompt))

    def secret_lines(self, wanted: str, due: Iterable[str]) -> tuple[str, ...]:
        """Return the users of SNMPv3, which IOS never shows."""
        names = set(due)
        return tuple(line for line in wanted.splitlines() if marks(line) & names)

    def arm(self, session: Session) -> Armed:
        """Have an archive, which harms nobody, then enter the configuration with the timer running."""
        for line in _ARCHIVE:
            answer = session.run(line)
            if found := self.refusals.search(answer):
                raise _cannot_arm(found[0])
        answer = session.run(f"configure terminal revert timer {REVERT_SECONDS // 60}", seconds=60)
        if found := self.refusals.search(answer):
            raise _cannot_arm(found[0])
        return Armed("revert timer", REVERT_SECONDS)

    def commit(self, session: Session, armed: Armed) -> None:
        """Leave the configuration mode: lines take effect as they are typed."""
        session.run("end")

    def confirm(self, first: Session, second: Session, armed: Armed) -> None:
        """Stop the timer."""
        second.run("configure confirm")

    def undo(self, session: Session, armed: Armed) -> bool:
        """Go back at once."""
        session.run("end")
        session.run("configure revert now", seconds=60)
        return True

    def save(self, session: Session) -> None:
        """Write the startup configuration."""
        answer = session.run("write memory", seconds=90)
        if "[OK]" not in answer:
            raise NotSavedError(answer)

    def password_lines(self, device: Device, secret: str) -> tuple[str, ...]:
        """Return the line that changes the user."""
        return (f"username {device.user} privilege 15 secret {secret}",)


def _cannot_arm(answer: str) -> NoWayBackError:
    return NoWayBackError(
        Text(
            vi=f"switch không nhận configure revert timer: {answer.strip()}; không có gì bị thay đổi",
            en=f"the switch did not take configure revert timer: {answer.strip()}; nothing was changed",
        ),
        todo=Text(
            vi="cần IOS có tính năng Configuration Replace and Rollback (12.4T trở lên)",
            en="IOS with the feature Configuration Replace and Rollback (12.4T or later) is needed",
        ),
    )
