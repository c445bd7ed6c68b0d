"""RouterOS configurations as ``/export`` writes them: parsed to entries, compared entry by entry, changed by commands.

An export leaves out what is at its default, and hides secrets. Ours are the entries that bear our comment, the
settings that we render, and single things of the system's own (``set telnet``, ``set [ find default-name=wifi1 ]``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from smartcommune.devices.models import marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMMENT = "commune"
SENSITIVE = frozenset({"passphrase", "authentication-password", "encryption-password", "password"})
# what names an entry among its kind; elsewhere it is ``name``
_KEYS = {
    "/interface bridge port": ("interface",),
    "/interface bridge vlan": ("vlan-ids",),
    "/ip address": ("address",),
    "/ip route": ("dst-address",),
    "/system ntp client servers": ("address",),
}
# what a device adds by itself
_ADDED = {
    "/ip address": frozenset({"network"}),
    "/interface bridge": frozenset({"admin-mac", "auto-mac", "port-cost-mode"}),
    "/interface wifi": frozenset({"mac-address"}),
    "/ip service": frozenset({"port"}),
}
_WORD = re.compile(r'"(?:\\.|[^"\\])*"|\[[^\]]*\]|[^\s"\[]+(?:"(?:\\.|[^"\\])*")?')


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an export: where, what is done there, to what (of ``set``), and the parameters."""

    path: str
    verb: Literal["add", "set"]
    selector: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def values(self) -> dict[str, str]:
        """The parameters by name."""
        return dict(self.parameters)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same entry in two exports."""
        names = _KEYS.get(self.path, ("name",))
        name = ",".join(self.values.get(each, "") for each in names) if self.verb == "add" else self.selector
        return (self.path, self.verb, name)

    @property
    def find(self) -> str:
        """The expression by which RouterOS finds it."""
        if self.verb == "set":
            return f"{self.selector} " if self.selector else ""
        names = _KEYS.get(self.path, ("name",))
        return "[ find " + " ".join(f"{each}={quoted(self.values[each])}" for each in names) + " ] "


def quoted(value: str) -> str:
    """Return a value as RouterOS takes it."""
    if re.fullmatch(r"[\w.,:/@+-]+", value, re.ASCII) or marks(value):
        return value
    escaped = re.sub(r'(["\\$])', r"\\\1", value)
    return '"' + "".join(sign if sign.isascii() else _bytes(sign) for sign in escaped) + '"'


def _bytes(sign: str) -> str:
    """Return a letter beyond ASCII as RouterOS writes it: each byte in hexadecimal after a backslash."""
    return "".join(f"\\{byte:02X}" for byte in sign.encode())


def parse(text: str) -> tuple[Entry, ...]:
    """Return the entries of an export, terse or not."""
    entries: list[Entry] = []
    path = ""
    for line in _joined(text):
        if line.startswith("/"):
            here, verb, rest = _split(line)
            if not verb:
                path = here
                continue
            entries.append(_entry(here, verb, rest))
        else:
            verb, _, rest = line.partition(" ")
            if verb in ("add", "set"):
                entries.append(_entry(path, verb, rest))
    return tuple(entries)


def _joined(text: str) -> Iterator[str]:
    """Return the lines without comments, continued ones as one."""
    held = ""
    for raw in text.replace("\r", "").splitlines():
        line = held + raw.strip() if held else raw.strip()
        if line.endswith("\\"):
            held = line[:-1]
            continue
        held = ""
        if line and not line.startswith("#"):
            yield line


def _split(line: str) -> tuple[str, str, str]:
    """Return path, verb and parameters of ``/ip address add address=…``."""
    words = line.split(" ")
    for index, word in enumerate(words):
        if word in ("add", "set"):
            return " ".join(words[:index]), word, " ".join(words[index + 1 :])
    return line.strip(), "", ""


def _entry(path: str, verb: str, rest: str) -> Entry:
    selector: list[str] = []
    parameters: list[tuple[str, str]] = []
    for word in _WORD.findall(rest):
        name, equals, value = word.partition("=")
        if equals and not word.startswith("["):
            parameters.append((name, _plain(value)))
        else:
            selector.append(re.sub(r"\s+", " ", word))
    return Entry(path, "add" if verb == "add" else "set", " ".join(selector), tuple(parameters))


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value
    text = re.sub(r"(?:\\[0-9A-F]{2})+", lambda found: bytes.fromhex(found[0].replace("\\", "")).decode(), value[1:-1])
    return re.sub(r"\\(.)", r"\1", text)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing to do, as the command that does it and as a line of a diff."""

    command: str
    shown: str


def differences(running: Iterable[Entry], wanted: Iterable[Entry]) -> tuple[list[Difference], list[str]]:
    """Return what leads from one to the other, removals first, and the entries that are not ours."""
    have: dict[tuple[str, str, str], Entry] = {}
    for entry in running:
        known = have.get(entry.key)
        merged = (*known.parameters, *entry.parameters) if known else entry.parameters
        have[entry.key] = Entry(entry.path, entry.verb, entry.selector, merged)
    want = {entry.key: entry for entry in wanted}
    removals: list[Difference] = []
    changes: list[Difference] = []
    for key, entry in want.items():
        old = have.get(key)
        if entry.verb == "set":
            changes += _settings(entry, old)
        elif old is None:
            changes.append(_addition(entry))
        elif extra := _extra(entry, old):
            removals.append(_removal(old, f" ({', '.join(sorted(extra))})"))
            changes.append(_addition(entry))
        else:
            changes += _settings(entry, old)
    ours = [entry for entry in have.values() if entry.values.get("comment") == COMMENT and entry.key not in want]
    removals = [_removal(entry) for entry in reversed(ours)] + removals
    foreign = [
        f"{entry.path} {entry.verb} {entry.key[2]}".strip()
        for entry in have.values()
        if entry.key not in want and entry not in ours
    ]
    return removals + changes, foreign


def secret_commands(wanted: Iterable[Entry], due: Iterable[str]) -> list[str]:
    """Return the commands that set these secrets anew where they are used."""
    names, commands = set(due), []
    for entry in wanted:
        chosen = [f"{name}={value}" for name, value in entry.parameters if marks(value) & names]
        if chosen:
            commands.append(f"{entry.path} set {entry.find}{' '.join(chosen)}")
    return commands


def _extra(entry: Entry, old: Entry) -> set[str]:
    """Return the parameters of an entry of ours that somebody set and nobody rendered."""
    return set(old.values) - set(entry.values) - _ADDED.get(entry.path, frozenset()) - SENSITIVE


def _addition(entry: Entry) -> Difference:
    words = " ".join(f"{name}={quoted(value)}" for name, value in entry.parameters)
    return Difference(f"{entry.path} add {words}", f"+ {entry.path} add {words}")


def _removal(entry: Entry, note: str = "") -> Difference:
    return Difference(f"{entry.path} remove {entry.find.strip()}", f"- {entry.path} {entry.key[2]}{note}")


def _settings(entry: Entry, old: Entry | None) -> list[Difference]:
    """Return what sets the parameters that differ; one that an export leaves out is at another value, its default."""
    known = old.values if old is not None else {}
    changed = {name: value for name, value in entry.parameters if name not in SENSITIVE and known.get(name) != value}
    if known.get("disabled") == "yes" and "disabled" not in entry.values and entry.path != "/ip service":
        changed["disabled"] = "no"
    if not changed:
        return []
    words = " ".join(f"{name}={quoted(value)}" for name, value in changed.items())
    shown = ", ".join(f"{name}: {known.get(name, '–')} → {value}" for name, value in changed.items())
    where = f"{entry.path} {entry.key[2]}".strip()
    return [Difference(f"{entry.path} set {entry.find}{words}", f"~ {where} {shown}")]
