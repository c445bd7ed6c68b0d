"""FRRouting: the IOS dialect of vtysh, whoever logs in to it, without a shell. Its way back is the guard beside this.

FRR has neither a revert timer nor a scheduler, so the router carries a small guard (``guard/``), told by the
description of an unused prefix list. Nothing is changed on a router whose guard does not answer.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, ClassVar

from hier_config import Platform as Dialect

from smartcommune.devices.errors import NotSavedError, NoWayBackError
from smartcommune.devices.models import Armed, Fetched
from smartcommune.devices.platforms.base import REVERT_SECONDS, clean
from smartcommune.devices.platforms.hierarchical import Hierarchical
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.site.models import Device
    from smartcommune.transports.netmiko import Session

MARKER = "ip prefix-list commune-revert"
GUARD_SECONDS = 15.0


class Frr(Hierarchical):
    """FRRouting by vtysh."""

    name = "frr"
    title = Text(vi="FRRouting (vtysh)", en="FRRouting (vtysh)")
    device_type = "cisco_ios"
    prompt = r"(?:^|\n)[\w.-]+(?:\([\w.-]+\))?[#>] ?$"
    refusals = re.compile(r"^\s*(%.*|.*Configuration failed.*)$", re.MULTILINE)
    keyed = True
    dialect: ClassVar[Dialect] = Dialect.CISCO_IOS
    volatile = re.compile(
        rf"^\s*(Building configuration|Current configuration|!|exit$|end$|frr (version|defaults)|{MARKER})"
    )
    single = (("hostname ",), ("log syslog",))

    def owned(self, device: Device) -> re.Pattern[str]:
        """Return name, log, static routes, and whether it forwards at all."""
        return re.compile(r"hostname |log syslog|ip route |no ip forwarding$")

    def fetch(self, session: Session) -> Fetched:
        """Return what runs; vtysh does not show what was saved."""
        return Fetched(clean(session.run("show running-config", seconds=60), self.prompt), None)

    def arm(self, session: Session) -> Armed:
        """Ask the guard to keep what runs, and wait until it says that it watches."""
        session.run("configure terminal")
        session.run(f"{MARKER} description armed {REVERT_SECONDS}")
        end = time.monotonic() + GUARD_SECONDS
        while f"Description: watched {REVERT_SECONDS}" not in session.run("do show ip prefix-list commune-revert"):
            if time.monotonic() > end:
                session.run(f"no {MARKER}")
                session.run("end")
                raise _no_guard()
            time.sleep(0.2)
        return Armed("guard", REVERT_SECONDS)

    def commit(self, session: Session, armed: Armed) -> None:
        """Leave the configuration mode: lines take effect as they are typed."""
        session.run("end")

    def confirm(self, first: Session, second: Session, armed: Armed) -> None:
        """Take the mark away."""
        for line in ("configure terminal", f"no {MARKER}", "end"):
            second.run(line)

    def undo(self, session: Session, armed: Armed) -> bool:
        """Tell the guard, and wait until it has taken its mark away."""
        for line in ("end", "configure terminal", f"{MARKER} description undo", "end"):
            session.run(line)
        end = time.monotonic() + GUARD_SECONDS
        while "Description:" in session.run("show ip prefix-list commune-revert"):
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def save(self, session: Session) -> None:
        """Write the startup configuration."""
        answer = session.run("write memory", seconds=60)
        if "[OK]" not in answer:
            raise NotSavedError(answer)

    def password_lines(self, device: Device, secret: str) -> tuple[str, ...]:
        """Return nothing: the account opens by the toolkit's key."""
        return ()


def _no_guard() -> NoWayBackError:
    return NoWayBackError(
        Text(
            vi="bộ định tuyến FRR này chưa có commune-frr-guard, nên chưa có đường lùi; không có gì bị thay đổi",
            en="this FRR router has no commune-frr-guard, so there is no way back; nothing was changed",
        ),
        todo=Text(
            vi="cài guard một lần trên máy đó theo docs/devices.md (mục FRR), rồi chạy lại",
            en="install the guard once on that machine as docs/devices.md (section FRR) says, then run again",
        ),
    )
