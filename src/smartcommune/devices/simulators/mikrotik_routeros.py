"""Simulator of a MikroTik access point: lists and settings by path, ``/export``, backups, schedulers that fire."""

from __future__ import annotations

import copy
import re
from typing import Any

from smartcommune.devices.simulators.device import CommandLine, Simulator

Item = dict[str, str]

# the parameters that each kind of entry knows
_LISTS: dict[str, str] = {
    "/interface bridge": "name vlan-filtering protocol-mode comment disabled",
    "/interface vlan": "name interface vlan-id comment disabled",
    "/interface bridge port": "bridge interface pvid comment disabled",
    "/interface bridge vlan": "bridge tagged untagged vlan-ids comment disabled",
    "/ip address": "address interface comment disabled",
    "/ip route": "dst-address gateway blackhole comment disabled",
    "/system ntp client servers": "address comment disabled",
    "/snmp community": "name addresses security authentication-protocol authentication-password "
    "encryption-protocol encryption-password comment disabled",
    "/interface wifi security": "name authentication-types management-protection passphrase comment",
    "/interface wifi datapath": "name bridge vlan-id client-isolation comment",
    "/interface wifi configuration": "name ssid country mode datapath security comment",
    "/interface wifi": "name master-interface configuration disabled comment",
    "/system scheduler": "name interval start-time on-event policy comment disabled",
}
_SETTINGS: dict[str, Item] = {
    "/system identity": {"name": "MikroTik"},
    "/ip dns": {"servers": "", "allow-remote-requests": "no"},
    "/system ntp client": {"enabled": "no"},
    "/ip ssh": {"strong-crypto": "no"},
    "/snmp": {"enabled": "no", "contact": "", "location": ""},
}
# single things of the system's own: (path, selector) with what may be set
_OWN: dict[str, dict[str, Item]] = {
    "/ip service": {
        name: {"disabled": "no"} for name in ("telnet", "ftp", "www", "ssh", "api", "winbox", "api-ssl", "www-ssl")
    },
    "/interface wifi": {
        f"[ find default-name=wifi{number} ]": {"disabled": "yes", "configuration": ""} for number in (1, 2)
    },
    "/snmp community": {"[ find default=yes ]": {"disabled": "no"}},
}
_SENSITIVE = ("passphrase", "authentication-password", "encryption-password")
_WORD = re.compile(r'[\w-]+="(?:\\.|[^"\\])*"|\[[^\]]*\]|"(?:\\.|[^"\\])*"|\S+')


class MikrotikRouterosSimulator(Simulator):
    """The access point: what runs is kept at once, in ``memory``."""

    platform = "mikrotik_routeros"

    def factory(self) -> dict[str, Any]:
        """Return a device whose management stands on its VLAN, as after the technician's visit."""
        setting = self.setting
        lists: dict[str, list[Item]] = {path: [] for path in _LISTS}
        lists["/interface bridge"] = [{"name": "commune", "vlan-filtering": "yes"}]
        lists["/interface vlan"] = [{"name": "management", "interface": "commune", "vlan-id": str(setting.vlan)}]
        lists["/interface bridge port"] = [{"bridge": "commune", "interface": "ether1"}]
        tagged = {"bridge": "commune", "tagged": "commune,ether1", "vlan-ids": str(setting.vlan)}
        lists["/interface bridge vlan"] = [tagged]
        address = f"{setting.address}/{setting.prefix_length}"
        lists["/ip address"] = [{"address": address, "interface": "management"}]
        return {
            "config": {"lists": lists, "settings": copy.deepcopy(_SETTINGS), "own": copy.deepcopy(_OWN)},
            "backups": {},
        }

    @property
    def config(self) -> dict[str, Any]:
        """What runs."""
        found: dict[str, Any] = self.memory["config"]
        return found

    def start(self) -> None:
        """Let the schedulers run that wait for a start, and count those that wait for a time."""
        for item in [*self.config["lists"]["/system scheduler"]]:
            if item.get("start-time") == "startup":
                self.after("boot", 3.0, lambda event=item["on-event"]: self.execute(event))

    def reachable(self) -> bool:
        """Return whether address, VLAN, bridge, port and SSH still lead to the device."""
        lists, vlan = self.config["lists"], str(self.setting.vlan)

        def enabled(path: str) -> list[Item]:
            return [item for item in lists[path] if item.get("disabled") != "yes"]

        names = {
            item["name"]
            for item in enabled("/interface vlan")
            if item["vlan-id"] == vlan and item["interface"] == "commune"
        }
        ports = {item["interface"]: item for item in enabled("/interface bridge port") if item["bridge"] == "commune"}
        carried = [item for item in enabled("/interface bridge vlan") if vlan in item["vlan-ids"].split(",")]
        return (
            any(
                item["address"].partition("/")[0] == self.setting.address and item["interface"] in names
                for item in enabled("/ip address")
            )
            and "ether1" in ports
            and any({"commune", "ether1"} <= set(item.get("tagged", "").split(",")) for item in carried)
            and any(item["name"] == "commune" for item in enabled("/interface bridge"))
            and self.config["own"]["/ip service"]["ssh"]["disabled"] == "no"
        )

    def command_line(self) -> CommandLine:
        """Return a new command line."""
        return _RouterOs(self)

    def execute(self, script: str) -> str:
        """Run a script of the device's own."""
        if found := re.fullmatch(r'/system backup load name=([\w-]+) password=""', script):
            backup = self.memory["backups"].get(found[1])
            if backup is None:
                return "failure: backup not found"
            self.memory["config"] = copy.deepcopy(backup["config"])
            self.memory["passwords"] = dict(backup["passwords"])
            self.restart()
        return ""

    def schedule(self, item: Item) -> None:
        """Count down a scheduler with an interval."""
        if found := re.fullmatch(r"(\d+)s", item.get("interval", "")):
            self.after(item["name"], int(found[1]), lambda: self.execute(item["on-event"]))

    def export(self) -> str:
        """Return what is not at its default, secrets hidden."""
        lines = ["# 2026-11-24 12:00:00 by RouterOS 7.16 (simulator)", "#"]
        for path, items in self.config["lists"].items():
            lines += [f"{path} add {_shown(_added(path, item))}" for item in items]
        for path, settings in self.config["settings"].items():
            changed = {name: value for name, value in settings.items() if value != _SETTINGS[path].get(name)}
            lines += [f"{path} set {_shown(changed)}"] if changed else []
        for path, things in self.config["own"].items():
            for selector, values in things.items():
                changed = {name: value for name, value in values.items() if value != _OWN[path][selector].get(name)}
                lines += [f"{path} set {selector} {_shown(changed)}"] if changed else []
        return "\n".join(lines)


def _added(path: str, item: Item) -> Item:
    """Return an entry with what the device adds by itself."""
    if path == "/ip address":
        network = item["address"].partition("/")[0].rpartition(".")[0] + ".0"
        return {**item, "network": network}
    return item


def _shown(item: Item) -> str:
    shown = []
    for name, value in sorted(item.items()):
        if name in _SENSITIVE:
            continue
        plain = re.fullmatch(r"[\w.,:/@+-]+", value, re.ASCII)
        escaped = re.sub(r'(["\\$])', r"\\\1", value)
        wide = "".join(c if c.isascii() else "".join(f"\\{b:02X}" for b in c.encode()) for c in escaped)
        shown.append(f"{name}={value}" if plain else f'{name}="{wide}"')
    return " ".join(shown)


class _RouterOs(CommandLine):
    """One login."""

    def __init__(self, router: MikrotikRouterosSimulator) -> None:
        self._router = router

    @property
    def prompt(self) -> str:
        """Show account and name."""
        return f"[{self._router.setting.user}@{self._router.config['settings']['/system identity']['name']}] > "

    def feed(self, line: str) -> str:
        """Take a line."""
        router = self._router
        if not line:
            return ""
        if line == "quit":
            self.closed = True
            return ""
        if line in ("/export terse", "/export"):
            return router.export()
        if found := re.fullmatch(r"/system backup save name=([\w-]+) dont-encrypt=yes", line):
            kept = {"config": router.config, "passwords": router.memory["passwords"]}
            router.memory["backups"][found[1]] = copy.deepcopy(kept)
            router.keep()
            return "Saving system configuration\nConfiguration backup saved"
        if found := re.fullmatch(r'/file remove \[ find name="([\w-]+)\.backup" \]', line):
            router.memory["backups"].pop(found[1], None)
            router.keep()
            return ""
        if found := re.fullmatch(r':execute "(.*)"', line):
            return router.execute(_plain(f'"{found[1]}"'))
        if found := re.fullmatch(r':put \[:len \[(/[a-z ]+) find name~"\^([\w-]+)"\]\]', line):
            items = router.config["lists"].get(found[1], [])
            return str(sum(item["name"].startswith(found[2]) for item in items))
        if found := re.fullmatch(r"/user set \[ find name=(\S+) \] password=(\S+)", line):
            router.memory["passwords"][found[1]] = found[2]
            router.keep()
            return ""
        answer = self._command(line)
        router.keep()
        return answer

    def _command(self, line: str) -> str:
        found = re.fullmatch(r"(/[a-z -]+?) (add|set|remove)(?: (.*))?", line)
        if not found or found[1] not in {*_LISTS, *_SETTINGS, *_OWN}:
            word = line.split(maxsplit=1)[0].lstrip("/")
            return f"bad command name {word} (line 1 column 2)"
        path, verb, rest = found[1], found[2], found[3] or ""
        words = _WORD.findall(rest)
        values = {name: _plain(value) for name, _, value in (w.partition("=") for w in words if not w.startswith("["))}
        selector = next((word for word in words if word.startswith("[")), "")
        if verb != "add" and not selector and words and "=" not in words[0]:
            selector, values = words[0], {k: v for k, v in values.items() if k != words[0]}
        known = set(_LISTS.get(path, "").split()) | set(_SETTINGS.get(path, ()))
        known |= {name for thing in _OWN.get(path, {}).values() for name in thing}
        for name in values:
            if name not in known:
                return f"expected end of command (line 1 column {line.index(name) + 1})"
        if verb == "add":
            return self._add(path, values)
        return self._set(path, selector, values) if verb == "set" else self._remove(path, selector)

    def _add(self, path: str, values: Item) -> str:
        items = self._router.config["lists"][path]
        name = values.get("name")
        if name is not None and any(item.get("name") == name for item in items):
            return "failure: already have such name"
        items.append(values)
        if path == "/system scheduler":
            self._router.schedule(values)
        return ""

    def _set(self, path: str, selector: str, values: Item) -> str:
        config = self._router.config
        if selector in config["own"].get(path, {}):
            config["own"][path][selector].update(values)
            return ""
        if not selector and path in config["settings"]:
            config["settings"][path].update(values)
            return ""
        chosen = _chosen(config["lists"].get(path, []), selector)
        if not chosen:
            return "no such item"
        for item in chosen:
            item.update(values)
            if item.get("disabled") == "no" and path != "/interface wifi":
                del item["disabled"]
        return ""

    def _remove(self, path: str, selector: str) -> str:
        items = self._router.config["lists"][path]
        chosen = _chosen(items, selector)
        if not chosen and "~" not in selector:
            return "no such item"
        for item in chosen:
            items.remove(item)
            if path == "/system scheduler":
                self._router.call_off(item["name"])
        return ""


def _chosen(items: list[Item], selector: str) -> list[Item]:
    """Return the entries that ``[ find name=x ]`` or ``[ find name~"^x" ]`` finds."""
    if found := re.fullmatch(r'\[ find (\S+)~"\^([^"]*)" \]', selector):
        return [item for item in items if item.get(found[1], "").startswith(found[2])]
    wanted = dict(re.findall(r"([\w-]+)=(\"[^\"]*\"|[^\s\]]+)", selector))
    return [item for item in items if wanted and all(item.get(k) == _plain(v) for k, v in wanted.items())]


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value
    text = re.sub(r"(?:\\[0-9A-F]{2})+", lambda m: bytes.fromhex(m[0].replace("\\", "")).decode(), value[1:-1])
    return re.sub(r"\\(.)", r"\1", text)
