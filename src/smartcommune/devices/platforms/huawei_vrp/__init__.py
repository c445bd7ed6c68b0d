"""Huawei VRP switches. Two-phase ones (VRP8, YunShan) have a revert timer of their own: ``commit trial 60``.

Older ones (VRP5) take every line at once and have no such timer: there ``schedule reboot delay 1`` is the way back,
with what runs saved first, and a boot takes its minutes. Which one it is shows in the prompt of ``system-view``.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from hier_config import Platform as Dialect

from smartcommune.devices.errors import NotSavedError, NoWayBackError, RefusedLineError
from smartcommune.devices.models import Armed, Comparison, Fetched
from smartcommune.devices.platforms.base import REVERT_SECONDS, clean
from smartcommune.devices.platforms.hierarchical import Hierarchical
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from smartcommune.site.models import Device
    from smartcommune.transports.netmiko import Session

TRIAL, REBOOT = "commit trial", "schedule reboot"
_LISTS = ("vlan batch ", "port trunk allow-pass vlan ")
_MOST_RANGES = 10  # that one line takes
_USER = "snmp-agent usm-user v3 commune"
_QUESTION = r"\[Y/N\]:?\s*$"


class HuaweiVrp(Hierarchical):
    """Huawei's switches."""

    name = "huawei_vrp"
    title = Text(vi="Huawei VRP", en="Huawei VRP")
    device_type = "huawei_vrp"
    prompt = r"(?:^|\n)(?:<[^<>\n]+>|\[[~*]?[^\[\]\n]+\]) ?$"
    refusals = re.compile(r"^\s*(Error\b.*|.*Unrecognized command.*|.*Incomplete command.*)$", re.MULTILINE)
    secrets_shown = (
        re.compile(r"(\bsnmp-agent community (?:read|write) (?:cipher )?)\S+"),
        re.compile(r"(\b(?:irreversible-)?cipher )\S+"),
    )
    question = _QUESTION
    undo_seconds = 30
    dialect: ClassVar[Dialect] = Dialect.HUAWEI_VRP
    volatile = re.compile(r"^\s*(#|!|return$|Info:|undo (telnet|http|ftp) server)")
    leave = "quit"
    single = (
        ("sysname ",),
        ("ntp-service unicast-server",),
        ("snmp-agent sys-info version",),
        ("interface ", "description "),
        ("interface ", "ip address "),
        ("interface ", "port link-type "),
        ("interface ", "port default vlan "),
        ("user-interface ", "authentication-mode "),
        ("user-interface ", "protocol inbound "),
        ("user-interface ", "idle-timeout "),
    )
    negated = (
        (("interface ", "port default vlan "), "undo port default vlan"),
        (("interface ", "port link-type "), "undo port link-type"),
        (("interface ", "ip address "), "undo ip address"),
        ((f"{_USER} authentication-mode ",), f"undo {_USER} authentication-mode"),
        ((f"{_USER} privacy-mode ",), f"undo {_USER} privacy-mode"),
    )

    def owned(self, device: Device) -> re.Pattern[str]:
        """Return the declared ports, the management interface, our VLANs, and how the switch is administered."""
        vlans = "|".join(str(vlan.number) for vlan in device.vlans)
        ports = "|".join(re.escape(port.name) for port in device.ports) or "$^"
        return re.compile(
            rf"sysname |vlan batch ({vlans})$|interface (Vlanif{device.vlan}|{ports})$|ip route-static 0\.0\.0\.0 |"
            r"dns (resolve|server )|(stelnet|telnet|ftp|http) server enable|ntp-service unicast-server |"
            r"snmp-agent (community|group|usm-user|sys-info version) |user-interface vty 0 4$"
        )

    def expand(self, line: str) -> Iterator[str]:
        """Return one line for each VLAN of a list."""
        text = line.strip()
        indent, negation = line[: len(line) - len(line.lstrip())], "undo " if text.startswith("undo ") else ""
        for words in _LISTS:
            if text.removeprefix(negation).startswith(words):
                for number in _numbers(text.removeprefix(negation).removeprefix(words)):
                    yield f"{indent}{negation}{words}{number}"
                return
        yield line

    def compare(self, device: Device, running: str, wanted: str) -> Comparison:
        """Return what leads from ``running`` to ``wanted``, lists of VLANs folded together."""
        found = super().compare(device, running, wanted)
        return Comparison(tuple(_folded(found.lines)), found.diff, found.foreign)

    def fetch(self, session: Session) -> Fetched:
        """Return both configurations."""
        running = session.run("display current-configuration", seconds=90)
        saved = session.run("display saved-configuration", seconds=90)
        return Fetched(clean(running, self.prompt), clean(saved, self.prompt))

    def arm(self, session: Session) -> Armed:
        """Enter the candidate of a two-phase switch, whose trial comes with the commit; else let a reboot wait."""
        answer = session.run("system-view")
        if re.search(r"\[[~*]", answer):
            return Armed(TRIAL, REVERT_SECONDS, takeover=False)
        session.run("return")
        self.save(session)
        asked = session.run("schedule reboot delay 1", expect=rf"{_QUESTION}|{self.prompt}")
        if not re.search(_QUESTION, asked):
            raise _cannot_arm(asked)
        answer = session.run("y")
        if self.refusals.search(answer):
            raise _cannot_arm(answer)
        session.run("system-view")
        return Armed(REBOOT, REVERT_SECONDS)

    def send(self, session: Session, lines: Iterable[str], secrets: Mapping[str, str], device: str) -> None:
        """Send lines; a two-phase switch forgets all of them when one is refused."""
        try:
            super().send(session, lines, secrets, device)
        except RefusedLineError:
            self._forget(session)
            raise

    def _forget(self, session: Session) -> None:
        """Drop the candidate of a two-phase switch and leave; leaving asks whether to commit it, which we do not."""
        if re.search(r"\[[~*]", session.run("clear configuration candidate")):
            session.run("return")

    def commit(self, session: Session, armed: Armed) -> None:
        """Start the trial; on one-phase switches all is in effect already."""
        if armed.mode == TRIAL:
            answer = session.run(f"commit trial {armed.seconds}", seconds=60)
            if found := self.refusals.search(answer):
                session.run("clear configuration candidate")
                raise NoWayBackError(
                    Text(
                        vi=f"switch không nhận commit trial: {found[0].strip()}; không có gì bị thay đổi",
                        en=f"the switch did not take commit trial: {found[0].strip()}; nothing was changed",
                    )
                )
        else:
            session.run("return")

    def confirm(self, first: Session, second: Session, armed: Armed) -> None:
        """Commit the trial in the session that began it, or call the reboot off."""
        if armed.mode == TRIAL:
            first.run("commit", seconds=60)
            first.run("return")
        else:
            second.run("undo schedule reboot", expect=rf"{_QUESTION}|{self.prompt}")

    def undo(self, session: Session, armed: Armed) -> bool:
        """Abort the trial; a reboot comes by itself."""
        if armed.mode == TRIAL:
            asked = session.run("abort trial", expect=rf"{_QUESTION}|{self.prompt}")
            if re.search(_QUESTION, asked):
                session.run("y", seconds=60)
            session.run("return")
        return armed.mode == TRIAL

    def save(self, session: Session) -> None:
        """Write the configuration that the switch starts with."""
        asked = session.run("save", expect=rf"{_QUESTION}|{self.prompt}", seconds=60)
        answer = session.run("y", seconds=120) if re.search(_QUESTION, asked) else asked
        if self.refusals.search(answer) or "success" not in answer.lower():
            raise NotSavedError(answer)

    def password_lines(self, device: Device, secret: str) -> tuple[str, ...]:
        """Return the lines that change the local user."""
        return ("aaa", f"local-user {device.user} password irreversible-cipher {secret}", "quit")


def _numbers(text: str) -> Iterator[int]:
    """Return the numbers of ``2 to 4 10``."""
    words = text.split()
    index = 0
    while index < len(words):
        first = int(words[index])
        if words[index + 1 : index + 2] == ["to"]:
            yield from range(first, int(words[index + 2]) + 1)
            index += 3
        else:
            yield first
            index += 1


def _folded(lines: Iterable[str]) -> Iterator[str]:
    """Return the lines with neighbouring list lines as ranges, at most ten to a line."""

    def beginning(line: str) -> str:
        found = re.fullmatch(rf"((?:undo )?(?:{'|'.join(map(re.escape, _LISTS))}))\d+", line)
        return found[1] if found else ""

    for words, group in groupby(lines, beginning):
        members = list(group)
        if not words:
            yield from members
            continue
        ranges: list[list[int]] = []
        for number in sorted(int(line.removeprefix(words)) for line in members):
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
        shown = [str(low) if low == high else f"{low} to {high}" for low, high in ranges]
        for start in range(0, len(shown), _MOST_RANGES):
            yield words + " ".join(shown[start : start + _MOST_RANGES])


def _cannot_arm(answer: str) -> NoWayBackError:
    return NoWayBackError(
        Text(
            vi=f"không hẹn được giờ khởi động lại: {answer.strip()}; không có gì bị thay đổi",
            en=f"the switch did not take a scheduled reboot: {answer.strip()}; nothing was changed",
        )
    )
