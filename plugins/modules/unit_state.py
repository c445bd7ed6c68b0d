#!/usr/bin/python
"""Ansible module: bring a systemd unit to its state, and restart or reload it when its files are newer than it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: unit_state
short_description: Bring a systemd unit to its state, judged by what runs and not by what was notified
description:
  - Starts or stops and enables or disables one unit, and reloads systemd's configuration when systemd asks for it, for
    this unit or for one whose file is among O(files), such as what a timer starts.
  - Restarts the unit when one of O(files) changed after it was last started, reloads it when one of O(reload_files)
    changed after it was last started or reloaded. A run that was cut between writing a file and restarting the unit
    is so mended by the next run.
  - Check mode writes no file, so that none can be newer; O(written) names what the run would have written by then, and
    the unit is foreseen to take that up. It counts in check mode only.
  - Removes drop-ins in C(/etc/systemd/system) that change the unit and are not named in O(drop_ins), and restarts it;
    as it does when one that is named changed.
  - A unit whose start conditions do not hold on this machine (no clock to set in a container, say) is left alone.
options:
  name: {description: Name of the unit with its suffix., type: str, required: true}
  files:
    description: Files and folders whose change (ctime) makes the running unit out of date; absent ones are passed over.
    type: list
    elements: path
    default: []
  on_newer: {description: What to do when O(files) changed., type: str, choices: [restart, reload], default: restart}
  reload_files: {description: As O(files) but a reload is enough for them., type: list, elements: path, default: []}
  drop_ins: {description: The role's own drop-in files of this unit., type: list, elements: path, default: []}
  written:
    description: Files that earlier tasks of this run wrote, or would write, as C(text_files) returns them.
    type: list
    elements: path
    default: []
  restarted:
    description:
      - Whether an earlier task restarts this unit with another that it requires. What the unit has not taken up yet
        calls for nothing more then. It counts in check mode only, as without it the unit has been restarted.
    type: bool
    default: false
  enabled: {description: Whether the unit starts at boot., type: bool, default: true}
  state: {description: Wanted state., type: str, choices: [started, stopped], default: started}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Run nginx with its current configuration
  unit_state:
    name: nginx.service
    drop_ins: [/etc/systemd/system/nginx.service.d/commune.conf]
    reload_files: [/etc/nginx/nginx.conf, /etc/commune-tls/certificate.pem]
    written: "{{ __reverse_proxy_pages.written + __reverse_proxy_configuration.written }}"
"""

RETURN = r"""
reasons: {description: Why the unit was touched., type: list, elements: str, returned: always}
actions: {description: The systemctl verbs that were or would be run, in order., type: list, returned: always}
condition_met: {description: Whether the unit's start conditions hold here., type: bool, returned: always}
"""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "ConditionResult",
    "ConditionTimestamp",
    "ActiveEnterTimestamp",
    "StateChangeTimestamp",
    "CanReload",
    "Job",
)
RUNNING = ("active", "reloading", "refreshing", "activating")
AT_BOOT = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated", "linked")
UNITS = Path("/etc/systemd/system")
SUFFIXES = (".service", ".socket", ".timer", ".path")
STAMP = "%a %Y-%m-%d %H:%M:%S.%f %Z"


@dataclass(frozen=True)
class Wanted:
    """What the task asks for."""

    started: bool
    enabled: bool


@dataclass(frozen=True)
class Newer:
    """The files that changed after the unit took them up, or that this run changes, by what they call for."""

    restart: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """The files of both kinds."""
        return self.restart + self.reload


NOTHING = Newer()


@dataclass(frozen=True)
class Decision:
    """The systemctl verbs to run in order, and why."""

    actions: tuple[str, ...]
    reasons: tuple[str, ...]


def drop_in_folders(name: str) -> list[str]:
    """Return where drop-ins of a unit are put by hand: its own folder, and that of its template."""
    stem, _, kind = name.rpartition(".")
    names = dict.fromkeys([name, f"{stem.partition('@')[0]}@.{kind}" if "@" in stem else name])
    return [str(UNITS / f"{each}.d") for each in names]


def foreign_drop_ins(folders: list[str], own: list[str]) -> tuple[str, ...]:
    """Return the drop-ins in ``folders`` that are not among ``own``."""
    found = [str(path) for folder in folders for path in sorted(Path(folder).glob("*.conf"))]
    return tuple(path for path in found if path not in own)


def parse_properties(text: str) -> dict[str, str]:
    """Return the ``key=value`` lines of ``systemctl show``."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def parse_stamp(text: str) -> float:
    """Return a time stamp of ``systemctl show --timestamp=us+utc`` as seconds since the epoch; 0 when it is unset."""
    if not text or text == "n/a":
        return 0.0
    return datetime.strptime(text, STAMP).replace(tzinfo=UTC).timestamp()


def newer_files(files: list[str], since: float) -> tuple[str, ...]:
    """Return those of ``files`` (folders with what is directly in them) that changed after ``since``."""
    return tuple(path for path in files if changed_at(path) > since)


def changed_at(path: str) -> float:
    """Return when ``path``, what it points to, or an entry of the folder it is, last changed; 0 when it is absent."""
    top = Path(path)
    paths = [top, *top.iterdir()] if top.is_dir() else [top]
    return max((stamp for item in paths for stamp in stamps(item)), default=0.0)


def stamps(path: Path) -> list[float]:
    """Return the change times of ``path`` itself and of what it points to."""
    found = []
    for stat in (path.lstat, path.stat):
        with contextlib.suppress(FileNotFoundError):
            found.append(stat().st_ctime)
    return found


def coming_files(files: list[str], written: list[str]) -> tuple[str, ...]:
    """Return those of ``written`` that are among ``files``, or directly in a folder that is."""
    return tuple(path for path in written if path in files or str(Path(path).parent) in files)


def at_boot(wanted: Wanted, unit: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the verbs that let the unit start at boot or keep it from that, and why."""
    actions, reasons, file_state = [], [], unit.get("UnitFileState", "")
    if wanted.enabled and file_state.startswith("masked"):
        actions.append("unmask")
        reasons.append("the unit is masked")
    if wanted.enabled and file_state not in AT_BOOT:
        actions.append("enable")
        reasons.append("the unit does not start at boot")
    elif not wanted.enabled and file_state in ("enabled", "enabled-runtime"):
        actions.append("disable")
        reasons.append("the unit starts at boot")
    return actions, reasons


def decide(
    wanted: Wanted, unit: dict[str, str], newer: Newer, foreign: tuple[str, ...] = (), coming: Newer = NOTHING
) -> Decision:
    """Return what has to be done with a unit in this state, apart from removing ``foreign`` drop-ins. Pure.

    ``coming`` is what the run will have written by then.
    """
    actions, reasons = at_boot(wanted, unit)
    unread = unit.get("LoadState") == "error"  # its file was away when systemd last looked
    if foreign or unread or unit.get("NeedDaemonReload") == "yes":
        actions.insert(0, "daemon-reload")
        stale = "systemd has not read the unit's files since they changed"
        reasons.insert(0, "not the role's: " + ", ".join(foreign) if foreign else stale)
    running = unit.get("ActiveState") in RUNNING
    if wanted.started and not running:
        if condition_holds(unit) or newer.all or coming.all:
            actions.append("start")
            reasons.append(f"the unit is {unit.get('ActiveState') or 'absent'}")
    elif not wanted.started and running:
        actions.append("stop")
        reasons.append("the unit is running")
    elif wanted.started and (foreign or newer.all or coming.all):
        reload = not (foreign or newer.restart or coming.restart) and unit.get("CanReload") == "yes"
        actions.append("reload" if reload else "restart")
        if newer.all:
            reasons.append("changed since the unit took it up: " + ", ".join(newer.all))
        if coming.all:
            reasons.append("this run changes " + ", ".join(coming.all))
    return Decision(tuple(actions), tuple(reasons))


def condition_holds(unit: dict[str, str]) -> bool:
    """Return whether the unit may start: its conditions held at the last attempt, or were never tried."""
    return unit.get("ConditionResult") != "no" or unit.get("ConditionTimestamp", "") in ("", "n/a")


def last_activity(unit: dict[str, str], key: str) -> float:
    """Return when the unit last took up its files: the time stamp ``key``, or when its start was refused."""
    return parse_stamp(unit.get(key if condition_holds(unit) else "ConditionTimestamp", ""))


def newer_of(unit: dict[str, str], restart: list[str], reload: list[str]) -> Newer:
    """Return which files are newer than the unit: a reload shows in its last change of state only."""
    return Newer(
        newer_files(restart, last_activity(unit, "ActiveEnterTimestamp")),
        newer_files(reload, last_activity(unit, "StateChangeTimestamp")),
    )


def look(module: AnsibleModule, name: str) -> dict[str, str]:
    """Return the properties of a unit that is to run, after what systemd is doing with it is done.

    It may be under way because a unit that it requires was restarted; to judge it then would restart it twice.
    """
    unit = show(module, name)
    if unit.get("Job", "") in ("", "0") or module.check_mode or module.params["state"] == "stopped":
        return unit
    module.run_command(["systemctl", "start", "--", name])  # joins the job under way; a failure shows in the state
    return show(module, name)


def show(module: AnsibleModule, name: str) -> dict[str, str]:
    """Return the unit's properties."""
    command = ["systemctl", "show", "--timestamp=us+utc", f"--property={','.join(PROPERTIES)}", "--", name]
    _, out, _ = module.run_command(command, check_rc=True)
    return parse_properties(out)


def units_of(files: list[str]) -> list[str]:
    """Return the names of the units whose own files or drop-ins are among ``files``; a template could not be asked."""
    paths = [Path(file) for file in files]
    paths = [path.parent.with_suffix("") if path.parent.suffix == ".d" else path for path in paths]
    own = [path for path in paths if path.parent == UNITS and path.suffix in SUFFIXES]
    return [path.name for path in own if not path.stem.endswith("@")]


def is_stale(module: AnsibleModule, units: list[str]) -> bool:
    """Return whether systemd has yet to read the changed file of one of ``units``."""
    if not units:
        return False
    command = ["systemctl", "show", "--property=NeedDaemonReload", "--value", "--", *units]
    _, out, _ = module.run_command(command, check_rc=True)
    return "yes" in out.split()


def run(module: AnsibleModule, action: str, name: str) -> None:
    """Run one systemctl verb; a failure shows the unit's last journal lines."""
    command = ["systemctl", action] if action == "daemon-reload" else ["systemctl", action, "--", name]
    code, _, err = module.run_command(command)
    if code != 0:
        fail_with_journal(module, f"systemctl {action} {name}: {err.strip()}", name)


def fail_with_journal(module: AnsibleModule, message: str, name: str) -> NoReturn:
    """End the task with the unit's last journal lines under the message."""
    _, journal, _ = module.run_command(["journalctl", "--no-pager", "--quiet", "--lines=15", "--unit", name])
    module.fail_json(msg=f"{message}\n{journal.strip()}")
    raise SystemExit(1)


def main() -> None:
    """Read the task, decide, act, and look again."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "reload_files": {"type": "list", "elements": "path", "default": []},
            "drop_ins": {"type": "list", "elements": "path", "default": []},
            "written": {"type": "list", "elements": "path", "default": []},
            "restarted": {"type": "bool", "default": False},
            "on_newer": {"type": "str", "choices": ["restart", "reload"], "default": "restart"},
            "enabled": {"type": "bool", "default": True},
            "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
        },
        supports_check_mode=True,
    )
    name, started = module.params["name"], module.params["state"] == "started"
    wanted = Wanted(started, module.params["enabled"])
    by_need = {"restart": [], "reload": [*module.params["reload_files"]]}
    by_need[module.params["on_newer"]] += module.params["files"]
    folders = drop_in_folders(name)
    by_need["restart"] += folders  # one that was removed shows in its folder only
    foreign = foreign_drop_ins(folders, module.params["drop_ins"])
    unit = look(module, name)
    if unit.get("LoadState") == "not-found" and not module.check_mode and (started or wanted.enabled):
        module.fail_json(msg=f"{name}: systemd knows no such unit")
    if is_stale(module, [other for other in units_of(module.params["files"]) if other != name]):
        unit["NeedDaemonReload"] = "yes"
    newer, coming = newer_of(unit, by_need["restart"], by_need["reload"]), NOTHING
    if module.check_mode and module.params["restarted"]:
        newer = NOTHING
    elif module.check_mode:
        coming = Newer(*(coming_files(by_need[need], module.params["written"]) for need in ("restart", "reload")))
    decision = decide(wanted, unit, newer, foreign, coming)
    if not module.check_mode:
        for path in foreign:
            Path(path).unlink()
        for action in decision.actions:
            run(module, action, name)
        unit = show(module, name)
        if started and unit.get("ActiveState") == "failed":
            fail_with_journal(module, f"{name} failed right after its start", name)
    module.exit_json(
        changed=bool(decision.actions),
        actions=decision.actions,
        reasons=decision.reasons,
        condition_met=condition_holds(unit),
        diff={"before": "", "after": "".join(f"{name}: {reason}\n" for reason in decision.reasons)},
    )


if __name__ == "__main__":
    main()
