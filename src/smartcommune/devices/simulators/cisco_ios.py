"""Simulator of a Cisco IOS switch: lines take effect at once; ``configure terminal revert timer`` is its way back."""

from __future__ import annotations

import re
from typing import Any

from smartcommune.devices.simulators.device import CommandLine, Simulator
from smartcommune.devices.simulators.tree import Known, Tree, apply

PORTS = 24
UPLINK = f"GigabitEthernet1/0/{PORTS}"
_INTERFACE = re.compile(r"interface (GigabitEthernet1/0/([1-9]|1\d|2[0-4])|Vlan\d+)")
_INVALID = "                ^\n% Invalid input detected at '^' marker."
_TOP = (
    Known(r"hostname [\w-]+", "hostname ", "hostname"),
    Known(r"no ip domain lookup"),
    Known(r"no ip http (secure-)?server"),
    Known(r"ip http (secure-)?server"),
    Known(r"ip ssh version 2", "ip ssh version"),
    Known(r"ip default-gateway \S+", "ip default-gateway "),
    Known(r"ntp server \S+"),
    Known(r"snmp-server community \S+ \w+"),
    Known(r"snmp-server group \w+ v3 priv"),
)
_INSIDE = {
    "vlan": (Known(r"name \S+", "name "),),
    "interface": (
        Known(r"description [ -~]+", "description "),
        Known(r"switchport mode (access|trunk)", "switchport mode "),
        Known(r"switchport access vlan \d+", "switchport access vlan "),
        Known(r"switchport trunk allowed vlan [\d,-]+", "switchport trunk allowed vlan "),
        Known(r"shutdown"),
        Known(r"ip address \S+ \S+", "ip address "),
    ),
    "archive": (Known(r"path \S+", "path "),),
    "line": (
        Known(r"exec-timeout \d+ \d+", "exec-timeout "),
        Known(r"login local", "login"),
        Known(r"transport input \w+", "transport input "),
    ),
}


class CiscoIosSimulator(Simulator):
    """The switch. ``running`` is in main memory, ``saved`` in the other."""

    platform = "cisco_ios"
    running: Tree
    before: Tree | None = None

    def factory(self) -> dict[str, Any]:
        """Return a switch whose management stands, as after the technician's visit."""
        setting = self.setting
        tree = Tree(["hostname Switch", "ip http server", f"ip default-gateway {setting.gateway}"])
        for number in range(1, PORTS + 1):
            tree.lines(f"interface GigabitEthernet1/0/{number}")
        tree.sections[f"interface Vlan{setting.vlan}"] = [f"ip address {setting.address} 255.255.255.0"]
        tree.sections[f"interface {UPLINK}"] = ["switchport mode trunk"]
        tree.sections["line vty 0 4"] = ["login local", "transport input ssh"]
        return {"saved": tree.to_plain()}

    def start(self) -> None:
        """Run what was saved."""
        self.running = Tree.from_plain(self.memory["saved"])
        self.before = None

    def reachable(self) -> bool:
        """Return whether the management interface, the trunk and SSH still lead to the switch."""
        vlan = self.setting.vlan
        uplink = self.running.sections.get(f"interface {UPLINK}", [])
        allowed = next((line.rsplit(maxsplit=1)[1] for line in uplink if "allowed vlan" in line), "1-4094")
        management = self.running.sections.get(f"interface Vlan{vlan}", [])
        return (
            any(line.startswith(f"ip address {self.setting.address} ") for line in management)
            and "shutdown" not in [*uplink, *management]
            and "switchport mode trunk" in uplink
            and any(int(low) <= vlan <= int(high or low) for low, high in re.findall(r"(\d+)(?:-(\d+))?", allowed))
            and not self.running.has("line vty 0 4", "transport input (telnet|none)")
        )

    def command_line(self) -> CommandLine:
        """Return a new command line."""
        return _Ios(self)

    def show(self, tree: Tree) -> str:
        """Return a configuration as the switch shows it."""
        lines = ["Building configuration...", "", "Current configuration : 4711 bytes", "!", "version 15.2", "!"]
        lines += tree.top
        lines += [f"username {user} privilege 15 secret 9 $9$hidden" for user in self.memory["passwords"]]
        for name, inside in tree.sections.items():
            lines += ["!", name, *(f" {line}" for line in inside)]
        return "\n".join([*lines, "!", "end"])

    def revert(self) -> None:
        """Bring back what ran before the change."""
        self.call_off("revert")
        if self.before is not None:
            self.running, self.before = self.before, None


class _Ios(CommandLine):
    """One login, privileged."""

    def __init__(self, switch: CiscoIosSimulator) -> None:
        self._switch = switch
        self._view: str | None = None  # None: exec; "": configuration; else a section

    @property
    def prompt(self) -> str:
        """Show name and mode."""
        name = next(line.split()[1] for line in self._switch.running.top if line.startswith("hostname "))
        if self._view is None:
            return f"{name}#"
        kind = {"interface": "config-if", "vlan": "config-vlan", "line": "config-line"}
        return f"{name}({kind.get(self._view.split()[0], 'config-archive') if self._view else 'config'})#"

    def feed(self, line: str) -> str:
        """Take a line."""
        if not line or line == "!":
            return ""
        if line == "end":
            self._view = None
            return ""
        if line == "exit":
            self.closed = self._view is None
            self._view = "" if self._view else None
            return ""
        return self._exec(line) if self._view is None else self._configure(line)

    def _exec(self, line: str) -> str:
        switch = self._switch
        if found := re.fullmatch(r"configure terminal(?: revert timer (\d+))?", line):
            if found[1]:
                if not switch.running.has("archive", r"path \S+"):
                    return "% Archive path is not configured: Command rejected"
                switch.before = switch.running.copy()
                switch.after("revert", int(found[1]) * 60, switch.revert)
            self._view = ""
            return "Enter configuration commands, one per line.  End with CNTL/Z."
        if line == "configure confirm":
            switch.call_off("revert")
            switch.before = None
            return ""
        if line == "configure revert now":
            switch.revert()
            return ""
        if line == "show running-config":
            return switch.show(switch.running)
        if line == "show startup-config":
            return switch.show(Tree.from_plain(switch.memory["saved"]))
        if line == "write memory":
            switch.memory["saved"] = switch.running.to_plain()
            switch.keep()
            return "Building configuration...\n[OK]"
        return "" if line.startswith("terminal ") else _INVALID

    def _configure(self, line: str) -> str:
        switch = self._switch
        if found := re.fullmatch(r"username (\S+) privilege 15 secret (\S+)", line):
            switch.memory["passwords"][found[1]] = found[2]
            switch.keep()
            return ""
        if re.fullmatch(r"snmp-server user \w+ \w+ v3 auth sha \S+ priv aes 128 \S+", line):
            return ""
        if re.fullmatch(r"vlan \d+|archive|line vty 0 4", line) or _INTERFACE.fullmatch(line):
            switch.running.lines(line)
            self._view = line
            return ""
        inside = _INSIDE[self._view.split()[0]] if self._view else ()
        if self._view and apply(switch.running, self._view, line, inside, "no "):
            return ""
        if re.fullmatch(r"no vlan \d+", line):
            switch.running.sections.pop(line.removeprefix("no "), None)
            return ""
        if line in ("no ip http server", "no ip http secure-server"):
            switch.running.drop(None, line.removeprefix("no "))
        if apply(switch.running, None, line, _TOP, "no "):
            self._view = ""
            return ""
        return _INVALID
