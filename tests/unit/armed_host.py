"""A host for the tests of armed changes: files below a folder, one ruleset, units, timers; programs are played."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.plugin_files import CHECKOUT, load_file, load_plugin

armed = load_plugin("modules", "armed_change")
undoing = load_file(CHECKOUT / "roles/base/files/usr/local/lib/commune/undo.py", "commune_undo")


class ModuleFailedError(Exception):
    """The module ended with a failure."""


@dataclass
class Host:
    """What the module finds on a machine. ``broken`` names the beginnings of commands that fail."""

    root: Path
    rules: str = ""
    active: set[str] = field(default_factory=set)
    timers: dict[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    ran: list[str] = field(default_factory=list)
    check_mode: bool = False
    params: dict = field(default_factory=dict)

    def get_bin_path(self, name):
        """Every program is there."""
        return name

    def run_command(self, command, data=None):
        """Play a program as far as the module sees it."""
        line = " ".join(command)
        self.ran.append(line)
        if any(line.startswith(each) for each in self.broken):
            return 1, "", "refused"
        return self._play(command, data) or (0, "", "")

    def _play(self, command, data):
        match command:
            case ["nft", "--stateless", *_]:
                return 0, self.rules, ""
            case ["unshare", *_, draft]:
                return 0, Path(draft).read_text(encoding="utf-8"), ""
            case ["nft", "--file", "-"]:
                self.load(data)
            case ["systemctl", "is-active", *_, unit]:
                return 0 if unit in self.active else 3, "", ""
            case ["systemctl", "stop", unit]:
                self.timers.pop(unit.removesuffix(".timer"), None)
            case ["systemctl", _, "--", unit]:
                self.active.add(unit)
            case ["systemd-run", *options]:
                self.timers[options[2].removeprefix("--unit=").removesuffix(".service")] = options[3]
            case ["/usr/bin/python3", "-I", _, name, why]:
                return 0 if self.undo(name, why) else 1, "", ""
        return None

    def load(self, script):
        """Load rules: a script that includes a file, or one that puts a table back."""
        included = [Path(line.split('"')[1]).read_text() for line in script.splitlines() if line.startswith("include")]
        kept = [line for line in script.splitlines(keepends=True) if not line.startswith(("add ", "delete ", "incl"))]
        self.rules = "".join([*included, *kept])

    def undo(self, name, why):
        """Run the program that undoes."""

        def run(command, text=None):
            if command[:2] == ["systemctl", "stop"]:
                self.active.discard(command[-1])
            elif self.run_command(command, text)[0] != 0:
                raise subprocess.CalledProcessError(1, command)

        return undoing.undo(self.root / "state" / name, why, run)

    def change(self, name="firewall", **params):
        """Run the module; raises ModuleFailedError with its words."""
        base = {"name": name, "files": [], "nftables": None, "units": {}, "revert_after": 60, "state": "applied"}
        self.params = base | params
        try:
            change = armed.Change(self)
            return {"applied": change.apply, "made": change.look, "confirmed": change.confirm}[self.params["state"]]()
        except armed.ChangeError as error:
            raise ModuleFailedError(str(error)) from error


def file(path, content, **more):
    """Return a file as a task gives it."""
    return {"path": str(path), "content": content, "mode": "0644", "group": "root", "validate": None} | more
