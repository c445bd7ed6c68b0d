"""Simulator of a Huawei VRP switch: two-phase, or one-phase with ``schedule reboot`` (variant ``one-phase``)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from smartcommune.devices.simulators.device import CommandLine, Simulator
from smartcommune.devices.simulators.tree import Known, Tree, apply, numbers, ranges

PORTS = 24
UPLINK = f"GigabitEthernet0/0/{PORTS}"
_INTERFACE = re.compile(r"interface (GigabitEthernet0/0/([1-9]|1\d|2[0-4])|Vlanif\d+)")
_UNKNOWN = "        ^\nError: Unrecognized command found at '^' position."
_TRIAL = "Error: The system is in the trial configuration mode, and cannot be configured."
_USER = "snmp-agent usm-user v3 commune"
# in which view which lines are known; the group is what a new line of the kind replaces
_TOP = (
    Known(r"sysname [\w-]+", "sysname ", "sysname"),
    Known(r"dns resolve"),
    Known(r"dns server \d+(\.\d+){3}"),
    Known(r"(stelnet|telnet|http|ftp) server enable"),
    Known(r"ip route-static \S+ \S+ \S+"),
    Known(r"ntp-service unicast-server \S+"),
    Known(r"snmp-agent sys-info version \S+", "snmp-agent sys-info version "),
    Known(r"snmp-agent group v3 \w+ privacy"),
    Known(r"snmp-agent community read \S+"),
    Known(r"snmp-agent usm-user v3 \w+ group \w+"),
    Known(rf"{_USER} authentication-mode \S+ cipher \S+", f"{_USER} auth", f"{_USER} authentication-mode"),
    Known(rf"{_USER} privacy-mode \S+ cipher \S+", f"{_USER} privacy", f"{_USER} privacy-mode"),
)
_PORT = (
    Known(r"description [ -~]+", "description ", "description"),
    Known(r"port link-type (access|trunk)", "port link-type ", "port link-type"),
    Known(r"port default vlan \d+", "port default vlan ", "port default vlan"),
    Known(r"shutdown"),
    Known(r"ip address \S+ \S+", "ip address ", "ip address"),
)
_VTY = (
    Known(r"authentication-mode \w+", "authentication-mode ", "authentication-mode"),
    Known(r"protocol inbound \w+", "protocol inbound ", "protocol inbound"),
    Known(r"idle-timeout \d+ \d+", "idle-timeout ", "idle-timeout"),
)
TRUNK, BATCH = "port trunk allow-pass vlan ", "vlan batch "


class HuaweiVrpSimulator(Simulator):
    """The switch. ``running`` is in main memory, ``saved`` in the other."""

    platform = "huawei_vrp"
    running: Tree
    trial: tuple[Tree, object] | None = None

    @property
    def two_phase(self) -> bool:
        """Whether lines wait for a commit."""
        return self.setting.variant != "one-phase"

    def factory(self) -> dict[str, Any]:
        """Return a switch whose management stands, as after the technician's visit."""
        setting = self.setting
        tree = Tree()
        for line in ("sysname HUAWEI", f"{BATCH}1 {setting.vlan}", "stelnet server enable", "telnet server enable"):
            tree.put(None, line)
        for number in range(1, PORTS + 1):
            tree.lines(f"interface GigabitEthernet0/0/{number}")
        tree.sections[f"interface Vlanif{setting.vlan}"] = [f"ip address {setting.address} 255.255.255.0"]
        tree.sections[f"interface {UPLINK}"] = ["port link-type trunk", f"{TRUNK}1 {setting.vlan}"]
        tree.sections["user-interface vty 0 4"] = ["authentication-mode aaa", "protocol inbound ssh"]
        return {"saved": tree.to_plain()}

    def start(self) -> None:
        """Run what was saved."""
        self.running = Tree.from_plain(self.memory["saved"])
        self.trial = None

    def reachable(self) -> bool:
        """Return whether Vlanif, the trunk and SSH still lead to the switch."""
        tree, vlan = self.running, self.setting.vlan
        uplink = tree.sections.get(f"interface {UPLINK}", [])
        carried = next((numbers(line) for line in uplink if line.startswith(TRUNK)), set())
        known = next((numbers(line) for line in tree.top if line.startswith(BATCH)), set())
        management = tree.sections.get(f"interface Vlanif{vlan}", [])
        return (
            any(line.startswith(f"ip address {self.setting.address} ") for line in management)
            and "shutdown" not in [*uplink, *management]
            and "port link-type trunk" in uplink
            and vlan in carried & known
            and "stelnet server enable" in tree.top
            and not tree.has("user-interface vty 0 4", "protocol inbound telnet")
        )

    def command_line(self) -> CommandLine:
        """Return a new command line."""
        return _Vrp(self)

    def show(self, tree: Tree) -> str:
        """Return a configuration as the switch shows it."""
        lines = ["!Software Version V600R023C00 (simulator)", "#"]
        for line in tree.top:
            lines += [line, "#"]
        lines += ["aaa"]
        for user, password in self.memory["passwords"].items():
            lines += [f" local-user {user} password irreversible-cipher {cipher(password)}"]
            lines += [f" local-user {user} privilege level 3", f" local-user {user} service-type ssh"]
        lines += ["#"]
        for name, inside in tree.sections.items():
            lines += [name, *(f" {line}" for line in inside), "#"]
        return "\n".join([*lines, "return"])

    def revert_trial(self) -> None:
        """Bring back what ran before the trial."""
        if self.trial is not None:
            self.running, self.trial = self.trial[0], None
            self.call_off("trial")


def cipher(text: str) -> str:
    """Return a text as the switch shows secrets."""
    return f"%^%#{hashlib.sha256(text.encode()).hexdigest()[:24]}%^%#"


class _Vrp(CommandLine):
    """One login."""

    def __init__(self, switch: HuaweiVrpSimulator) -> None:
        self._switch = switch
        self._view: str | None = None  # None: user view; "": system view; else a section
        self._candidate: Tree | None = None
        self._asked: str | None = None
        self._minutes = 0

    @property
    def prompt(self) -> str:
        """Show name, view, and whether something waits for a commit."""
        if self._asked:
            return {"save": "Are you sure to continue?[Y/N]:", "reboot": "Confirm? [Y/N]:"}[self._asked]
        name = next(line.split()[1] for line in self._tree.top if line.startswith("sysname "))
        if self._view is None:
            return f"<{name}>"
        state = ("*" if self._candidate is not None else "~") if self._switch.two_phase else ""
        inside = "-" + self._view.replace("interface ", "").replace(" ", "-") if self._view else ""
        return f"[{state}{name}{inside}]"

    @property
    def _tree(self) -> Tree:
        return self._candidate if self._candidate is not None else self._switch.running

    def feed(self, line: str) -> str:
        """Take a line."""
        if self._asked:
            return self._answered(line)
        if not line:
            return ""
        if line in ("quit", "return"):
            return self._leave(line)
        if self._view is None:
            return self._user_view(line)
        special = self._commit_words(line) if self._switch.two_phase else None
        return special if special is not None else self._configure(line)

    def _leave(self, line: str) -> str:
        if self._view is None:
            self.closed = True
        elif line == "return" or not self._view:
            self._view = None
        else:
            self._view = ""
        return ""

    def _user_view(self, line: str) -> str:
        switch = self._switch
        if line == "system-view":
            self._view = ""
            return "Enter system view, return user view with return command."
        if line == "display current-configuration":
            return switch.show(switch.running)
        if line == "display saved-configuration":
            return switch.show(Tree.from_plain(switch.memory["saved"]))
        if line.startswith(("screen-length", "display version")):
            return "Info: simulator of a Huawei VRP switch" if "version" in line else ""
        if line == "save":
            self._asked = "save"
            return "Warning: The current configuration will be written to the device."
        if not switch.two_phase and re.fullmatch(r"schedule reboot delay \d+", line):
            self._minutes = int(line.rsplit(maxsplit=1)[-1])
            self._asked = "reboot"
            return "Info: The system is to reboot."
        if not switch.two_phase and line == "undo schedule reboot":
            switch.call_off("reboot")
            return "Info: Reboot schedule deleted."
        return _UNKNOWN

    def _answered(self, line: str) -> str:
        asked, self._asked = self._asked, None
        if line.lower() not in ("y", "yes"):
            return ""
        switch = self._switch
        if asked == "save":
            switch.memory["saved"] = switch.running.to_plain()
            switch.keep()
            return "Info: Save the configuration successfully."
        switch.after("reboot", self._minutes * 60, switch.restart)
        return "Info: Reboot system at the scheduled time."

    def _commit_words(self, line: str) -> str | None:
        """Answer what only two-phase switches know."""
        switch = self._switch
        if line == "commit":
            if switch.trial is not None and switch.trial[1] is self:
                switch.call_off("trial")
                switch.trial = None
            elif switch.trial is not None:
                return _TRIAL
            if self._candidate is not None:
                switch.running, self._candidate = self._candidate, None
            return "Committing....done."
        if found := re.fullmatch(r"commit trial (\d+)", line):
            if not 60 <= int(found[1]) <= 65535:
                return "        ^\nError: Wrong parameter found at '^' position."
            if switch.trial is not None:
                return _TRIAL
            if self._candidate is not None:
                switch.trial = (switch.running, self)
                switch.running, self._candidate = self._candidate, None
                switch.after("trial", int(found[1]), switch.revert_trial)
            return f"Committing..done.\nInfo: The system will revert if not confirmed in {found[1]} seconds."
        if line == "abort trial":
            if switch.trial is None:
                return "Error: The system is not in the trial configuration mode."
            switch.revert_trial()
            return "Info: The trial configuration was rolled back."
        if line == "clear configuration candidate":
            self._candidate = None
            return ""
        return None

    def _configure(self, line: str) -> str:
        """Take a line of configuration, into the candidate or at once."""
        switch = self._switch
        if self._view == "aaa":
            return self._account(line)
        if line in ("aaa", "user-interface vty 0 4") or (_INTERFACE.fullmatch(line) and not line.startswith("undo")):
            self._view = line
            return ""
        if switch.two_phase and switch.trial is not None:
            return _TRIAL
        tree = self._tree.copy()
        answer = _apply(tree, self._view or None, line)
        if answer is not None:
            return answer
        if switch.two_phase:
            self._candidate = tree
        else:
            switch.running = tree
        return ""

    def _account(self, line: str) -> str:
        found = re.fullmatch(r"local-user (\S+) password irreversible-cipher (\S+)", line)
        if not found:
            return _UNKNOWN
        self._switch.memory["passwords"][found[1]] = found[2]
        self._switch.keep()
        return ""


def _apply(tree: Tree, section: str | None, line: str) -> str | None:
    """Change a configuration by one line; return the complaint, None when it was taken."""
    for words in (BATCH, TRUNK):
        for negation in ("", "undo "):
            if re.fullmatch(rf"{negation}{words}\d+( to \d+)?( \d+( to \d+)?)*", line):
                changed = numbers(line.removeprefix(negation).removeprefix(words))
                _list(tree, section, words, changed, negation)
                return None
    known = _TOP if section is None else _VTY if section.startswith("user-interface") else _PORT
    return None if apply(tree, section, line, known, "undo ", _hidden) else _UNKNOWN


def _hidden(line: str) -> str:
    return re.sub(r"(?<=cipher )\S+$", lambda found: cipher(found[0]), line)


def _list(tree: Tree, section: str | None, words: str, changed: set[int], negation: str) -> None:
    """Add to or take from a list that the switch shows on one line."""
    lines = tree.lines(section)
    have = next((numbers(line.removeprefix(words)) for line in lines if line.startswith(words)), set())
    if words == TRUNK and negation and 1 in changed:
        tree.put(section, f"undo {TRUNK}1")
    elif words == TRUNK and not negation and 1 in changed:
        tree.drop(section, f"undo {TRUNK}1")
    left = have - changed if negation else have | changed
    lines[:] = [line for line in lines if not line.startswith(words)]
    if left:
        lines.append(words + ranges(left))
