#!/usr/bin/python
"""Ansible module: change what the toolkit's own way to a host depends on, so that a mistake undoes itself."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: armed_change
short_description: Change firewall, SSH server, addresses or routes; undone unless the toolkit comes back
description:
  - Writes O(files), loads O(nftables) and lets O(units) take the files up, if any of it differs from what there is. One
    task is one change, and is all that a role has to write.
  - Before the change the previous files, tables and states of the units are saved on the host's disk, and a systemd
    timer is started that puts them back after O(revert_after) seconds. After it the action plugin of the same name
    drops the connection, logs in anew, and only then stops the timer. Where that log-in does not succeed the machine
    undoes the change by itself, and the task fails and says so once the machine answers again.
  - The change is made in a process of its own, after the module has answered, so that it may cut the connection it came
    by. Undoing does not depend on the toolkit. A run that is killed, a lost link and a restart of the machine in the
    middle all end with the previous state; at boot it is put back before the network and the SSH server start.
  - A file that does not pass its check fails the task before anything is changed. A change that cannot be made (rules
    that the kernel refuses, a unit that does not take its files up) is undone at once, and one whose files or
    tables are not as written when the toolkit comes back is as well.
  - In check mode nothing is written or armed; what differs is told, running rules included.
  - The role C(base) installs what undoes; it is on every host before other roles run. A unit is started at boot by a
    later task (C(unit_state)), never by this one, so that a restart in the middle starts what it started before.
options:
  name:
    description:
      - Name of what is changed, as messages have it (C(firewall), C(ssh), C(routes)); letters, digits, C(_).
      - Changes of different names are independent; a file or table belongs to one name. A change that an earlier,
        killed run left unconfirmed is confirmed if it is what is wanted, else undone before the new one begins.
    type: str
    required: true
  files:
    description: Files of root below C(/etc), each whole. Their folders are made, and stay when the change is undone.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Absolute path below C(/etc)., type: path, required: true}
      content: {description: "Whole content, usually a lookup of a template. Left out: no such file.", type: str}
      mode: {description: Mode as an octal string., type: str, default: "0644"}
      group: {description: "Name of the file's group.", type: str, default: root}
      validate:
        description: "Command that checks a draft, whose path replaces C(%s); passed over where it is not installed."
        type: str
  nftables:
    description:
      - Table or tables of the kernel to make equal to a ruleset. The file is loaded into an empty network namespace,
        where it does no harm, and what the kernel made of it is compared with the running tables rule by rule, so that
        a rule dropped or added by hand is seen. Elements of sets with the flags C(dynamic) or C(timeout) are not
        compared.
    type: dict
    suboptions:
      src:
        description: Ruleset file, usually one of O(files); it must replace only its own tables.
        type: path
        required: true
      table: {description: Family and name of the table., type: str, default: inet commune}
      exclusive:
        description: Whether tables that the file does not make are drift, and deleted in the same transaction.
        type: bool
        default: false
      keep:
        description: Tables (family and name) left alone by O(nftables.exclusive).
        type: list
        elements: str
        default: []
  units:
    description:
      - "Units that take the files up, in order: by name the verb C(reload) or C(restart). After the change and again
        after undoing it. One that does not run is started, and stopped if the change is undone."
      - For addresses and routes C(systemd-networkd.service) with C(reload); it takes up new, changed and removed files.
    type: dict
    default: {}
  revert_after: {description: Seconds until an unconfirmed change is undone., type: int, default: 60}
  state:
    description:
      - C(made) and C(confirmed) are for the action plugin, and tell whether the change of O(name) is made, and keep it.
        Both fail when there is none. The plugin opens the connection that confirms after it was told C(made).
    type: str
    choices: [applied, made, confirmed]
    default: applied
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Change the firewall
  armed_change:
    name: firewall
    files:
      - path: /etc/nftables.conf
        content: "{{ lookup('ansible.builtin.template', 'etc/nftables.conf.j2') }}"
        mode: "0600"
        validate: /usr/sbin/nft --check --file %s
    nftables: {src: /etc/nftables.conf, exclusive: true}

- name: Change the addresses and routes
  armed_change:
    name: addresses
    files:
      - path: /etc/systemd/network/20-trunk.network
        content: "{{ lookup('ansible.builtin.template', 'etc/systemd/network/20-trunk.network.j2') }}"
      - path: /etc/systemd/network/10-installer.network
    units: {systemd-networkd.service: reload}
"""

RETURN = r"""
pending: {description: Whether a change waits for its confirmation., type: bool, returned: always}
written: {description: Files that were, or would be, written or removed., type: list, elements: str, returned: success}
"""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils import nft_tables, whole_files
from ansible.module_utils.armed_state import detach, locked, story
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.nft_tables import concerned, rules, undo_scripts
from ansible.module_utils.whole_files import WholeFile, put, sync_folder

STATE = Path("/var/lib/commune-undo")
UNDO = Path("/usr/local/lib/commune/undo.py")
BELOW = Path("/etc")  # what the unit that undoes may write


class ChangeError(Exception):
    """Why there is no change, in words for the user."""


class AbsentError(ChangeError):
    """There is no change in the air, and none was undone."""


@dataclass(frozen=True)
class Difference:
    """What is not as wanted: files, and the tables as they are ``now`` and shall be ``then``."""

    files: list[WholeFile]
    now: dict[str, str]
    then: dict[str, str]
    source: str

    @property
    def in_rules(self) -> bool:
        """Whether the tables differ."""
        return rules("".join(self.now.values())) != rules("".join(self.then.values()))

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.files) or self.in_rules

    def diffs(self) -> list[dict[str, str]]:
        """Return it for Ansible."""
        found = [file.diff() for file in self.files]
        if self.in_rules:
            before, after = "".join(self.now.values()), "".join(self.then.values())
            found.append({"before_header": "running", "after_header": self.source, "before": before, "after": after})
        return found


class Change:
    """One change on this host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name: str = module.params["name"]
        self.folder = STATE / self.name
        self.unit = f"commune-undo@{self.name}"
        self.units: dict[str, str] = module.params["units"]
        self.nftables: dict[str, Any] | None = module.params["nftables"]
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", self.name):
            raise ChangeError(f"name {self.name!r}: small letters, digits and _ only")
        if wrong := sorted(set(self.units.values()) - {"reload", "restart"}):
            raise ChangeError(f"units: the verb is reload or restart, not {', '.join(wrong)}")
        try:
            self.files = [WholeFile.of(options) for options in module.params["files"]]
        except KeyError as error:
            raise ChangeError(f"files: {error.args[0]}") from error
        if outside := [str(file.path) for file in self.files if not file.path.is_relative_to(BELOW)]:
            raise ChangeError(f"files: {', '.join(outside)} is not below {BELOW}")

    def run(self, *command: str, data: str | None = None) -> str:
        """Run a program and return its output."""
        code, out, err = self.module.run_command(list(command), data=data)
        if code != 0:
            raise ChangeError(f"{' '.join(command[:3])}: {err.strip() or out.strip() or f'status {code}'}")
        return str(out)

    def difference(self) -> Difference:
        """Compare; changes nothing."""
        files = [file for file in self.files if file.differs()]
        if self.nftables is None or self.module.get_bin_path("nft") is None:
            return Difference(files, {}, {}, "")
        source = self.nftables["src"]
        choice = {key: self.nftables[key] for key in ("table", "exclusive", "keep")}
        content = next((file.content for file in self.files if str(file.path) == source), None)
        if content is None:
            content = Path(source).read_text(encoding="utf-8")
        now = concerned(self.run("nft", "--stateless", "list", "ruleset"), **choice)
        return Difference(files, now, concerned(self._loaded(content), **choice), source)

    def _loaded(self, content: str) -> str:
        """Return what the kernel makes of a ruleset, seen in a network namespace of its own."""
        script = 'nft --file "$1" && exec nft --stateless list ruleset'
        with tempfile.NamedTemporaryFile("w", suffix=".nft", encoding="utf-8") as draft:
            draft.write(content)
            draft.flush()
            return self.run("unshare", "--net", "sh", "-c", script, "sh", draft.name)

    def apply(self) -> dict[str, Any]:
        """Make the change and leave it armed, where there is one to make."""
        found = self.difference()
        waiting = (self.folder / "armed.json").exists()
        result = {"changed": found.any or waiting, "pending": waiting, "diff": found.diffs() or self._waiting(waiting)}
        result["written"] = [str(file.path) for file in found.files]
        if self.module.check_mode:
            return result | {"pending": False}
        if (waiting and found.any) or (self.folder / "undoing.json").exists():
            self.undo("superseded")
            found, result = self.difference(), result | {"pending": False}
        if not found.any:
            return result
        if not UNDO.exists():
            raise ChangeError(f"{UNDO} is missing, nothing could undo the change; the role base installs it")
        self.validate(found.files)
        try:
            with locked(STATE) as lock:
                self.arm(found)
                detach(lock, lambda: self.make(found), self.mend)
        except (ChangeError, OSError) as error:
            self.undo("failed")
            raise ChangeError(f"the change of {self.name} failed; all is as it was before: {error}") from error
        return result | {"pending": True}

    def _waiting(self, waiting: bool) -> list[dict[str, str]]:
        """Return what is to be told of a change that an earlier run made and did not confirm."""
        sides = {"before_header": self.name, "after_header": self.name}
        return [sides | {"before": "not confirmed\n", "after": "confirmed\n"}] if waiting else []

    def validate(self, files: list[WholeFile]) -> None:
        """Let each file's own program check a draft of it."""
        for file in files:
            if words := file.fault(self.module):
                raise ChangeError(words)

    def arm(self, found: Difference) -> None:
        """Have all that it takes to go back on the disk, then start the timer."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        scripts = undo_scripts(found.now, found.then) if found.in_rules else []
        for script in scripts[:1]:
            self.run("nft", "--check", "--file", "-", data=script)
        taking = self._taking(found)
        record = {
            "armed": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": self.module.params["revert_after"],
            "files": [file.save(self.folder, str(number)) for number, file in enumerate(found.files)],
            "tables": scripts,
            "units": [{"name": name, "verb": verb, "active": self.is_active(name)} for name, verb in taking],
        }
        put(self.folder / "armed.json", json.dumps(record).encode(), 0o600, -1)
        sync_folder(STATE)
        self.stop_timer()
        timer = ["systemd-run", "--quiet", "--collect", f"--unit={self.unit}.service"]
        self.run(*timer, f"--on-active={record['seconds']}", "--timer-property=AccuracySec=1s")

    def make(self, found: Difference) -> None:
        """Write, load, and let the units take it up; what fails is left to be undone, with the reason."""
        try:
            self._make(found)
        except (ChangeError, OSError) as error:
            put(self.folder / "error", str(error).encode(), 0o600, -1)
            (self.folder / "armed.json").replace(self.folder / "undoing.json")

    def mend(self) -> None:
        """Undo what could not be made, or could not be undone whole."""
        if (self.folder / "undoing.json").exists():
            self.undo("failed")

    def _make(self, found: Difference) -> None:
        for file in found.files:
            file.write()
        if found.in_rules:
            foreign = "".join(f"delete table {name}\n" for name in found.now if name not in found.then)
            self.run("nft", "--file", "-", data=f'{foreign}include "{found.source}"\n')
        for name, verb in self._taking(found):
            self.run("systemctl", "reload-or-restart" if verb == "reload" else "restart", "--", name)

    def _taking(self, found: Difference) -> list[tuple[str, str]]:
        """Return the units that have something to take up."""
        return list(self.units.items()) if found.files else []

    def look(self) -> dict[str, Any]:
        """Tell whether the change is made; what it came to before that is a failure."""
        try:
            with locked(STATE, wait=False):
                pass
        except BlockingIOError:
            return {"changed": False, "pending": True, "made": False}
        self.must_wait()
        return {"changed": False, "pending": True, "made": True}

    def confirm(self) -> dict[str, Any]:
        """Keep the change that is in the air, if it is still as it was made."""
        armed = self.folder / "armed.json"
        with locked(STATE):
            wrong = [diff["after_header"] for diff in self.difference().diffs()]
            wrong += [name for name in self.units if not self.is_active(name)]
            if armed.exists() and not wrong:
                armed.replace(self.folder / "confirmed.json")
                sync_folder(self.folder)
        if not (self.folder / "confirmed.json").exists():
            self.must_wait()
            self.undo("mismatch")
            raise ChangeError(f"{story(self.folder)} ({', '.join(wrong)})")
        self.stop_timer()
        for kept in self.folder.iterdir():
            if kept.name != "confirmed.json":  # stays for a confirmation whose answer was lost, and is asked for again
                kept.unlink()
        return {"changed": False, "pending": False}

    def must_wait(self) -> None:
        """Raise what became of the change, unless it waits for its confirmation."""
        self.mend()
        if (self.folder / "undone.json").exists():
            raise ChangeError(story(self.folder))
        if not (self.folder / "armed.json").exists():
            raise AbsentError(story(self.folder))

    def undo(self, why: str) -> None:
        """Undo what is in the air at once, and leave nothing to the timer."""
        try:
            self.run("/usr/bin/python3", "-I", str(UNDO), self.name, why)
        except ChangeError as error:
            raise ChangeError(
                f"the change of {self.name} is not wholly undone, which is tried again: {error}"
            ) from error
        self.stop_timer()

    def stop_timer(self) -> None:
        """Stop the timer, if there is one."""
        self.module.run_command(["systemctl", "stop", f"{self.unit}.timer"])

    def is_active(self, unit: str) -> bool:
        """Return whether a unit runs."""
        code, _, _ = self.module.run_command(["systemctl", "is-active", "--quiet", "--", unit])
        return bool(code == 0)


def main() -> None:
    """Make a change, or keep it."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "dict", "default": [], "options": whole_files.OPTIONS},
            "nftables": {"type": "dict", "options": nft_tables.OPTIONS},
            "units": {"type": "dict", "default": {}},
            "revert_after": {"type": "int", "default": 60},
            "state": {"type": "str", "choices": ["applied", "made", "confirmed"], "default": "applied"},
        },
        supports_check_mode=True,
    )
    try:
        change = Change(module)
        steps = {"applied": change.apply, "made": change.look, "confirmed": change.confirm}
        result = steps[module.params["state"]]()
    except ChangeError as error:
        module.fail_json(msg=str(error), pending=False, absent=isinstance(error, AbsentError))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
