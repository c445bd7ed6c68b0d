"""Every role is shaped as the house style says, and describes itself once."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.repository.tree import CHECKOUT, name, roles, under

ROLES = roles()
SERVICES = [role for role in ROLES if (role / "meta" / "service.yml").is_file()]
TASKS = [path for path in under("roles", "*.yml") if path.parent.name == "tasks"]
TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
BUILDING_BLOCKS = {"python_app"}  # included by services, in no catalogue
TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "path": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "dict": dict,
}


@cache
def load(path: Path) -> Any:
    """Return a YAML file's data, nothing where there is no file."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.is_file() else {}


def options(role: Path) -> dict[str, dict[str, Any]]:
    """Return the options of a role's main entry point."""
    specs = load(role / "meta" / "argument_specs.yml").get("argument_specs", {})
    return dict(specs.get("main", {}).get("options", {}))


def is_template(value: object) -> bool:
    """Return whether a default is known only when the role runs."""
    return isinstance(value, str) and "{{" in value


def normal(value: object) -> object:
    """Return a default without the layout that YAML's folding leaves in a template."""
    return "".join(value.split()) if is_template(value) and isinstance(value, str) else value


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_role_has_its_files(role: Path) -> None:
    """A role has tasks, metadata, argument specs and a README; a service also its entry and its checks."""
    wanted = ["tasks/main.yml", "meta/main.yml", "meta/argument_specs.yml", "README.md"]
    missing = [each for each in wanted if not (role / each).is_file()]
    if role.name not in BUILDING_BLOCKS:
        missing += [] if (role / "meta" / "service.yml").is_file() else ["meta/service.yml"]
        missing += [] if list(role.glob("checks/test_*.py")) else ["checks/test_*.py"]

    assert missing == []


@pytest.mark.parametrize("role", SERVICES, ids=name)
def test_role_with_data_can_save_and_restore_it(role: Path) -> None:
    """A service of a component that keeps data, and the database itself, say how it is saved and restored.

    Saving is the word ``save`` of its entry, which the machine does without the controller; a database is saved by who
    provides it. What the other foundation services keep are logs, queues and keys that Pulumi's state lays down again.
    """
    service = load(role / "meta" / "service.yml")
    provides = service.get("provides", [])
    component = service["component"] != "foundation" or "database" in provides
    kept = (
        service.get("data") or [] if component and "backup_repository" not in provides else []
    )  # those are the copies
    saved = any(data.get("save") or data.get("database") for data in kept)

    assert not (role / "tasks" / "backup.yml").exists()
    assert (role / "tasks" / "restore.yml").is_file() == bool(kept)
    assert saved == bool(kept)


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_specs_equal_defaults(role: Path) -> None:
    """Each default stands in the specs with the same value, and the other way round."""
    specified = {key: normal(each["default"]) for key, each in options(role).items() if "default" in each}
    defaults = {key: normal(value) for key, value in load(role / "defaults" / "main.yml").items()}

    assert defaults == specified


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_defaults_have_their_type(role: Path) -> None:
    """Each default is of the type that its spec states."""
    wrong = [
        f"{key}: {value!r} is no {options(role)[key].get('type', 'str')}"
        for key, value in load(role / "defaults" / "main.yml").items()
        if key in options(role)
        and value is not None
        and not is_template(value)
        and not isinstance(value, TYPES.get(options(role)[key].get("type", "str"), object))
    ]

    assert wrong == []


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_variables_carry_the_role_name(role: Path) -> None:
    """Public variables begin with the role's name, and there are at most thirty."""
    foreign = [key for key in options(role) if not key.startswith(f"{role.name}_")]

    assert foreign == []
    assert len(options(role)) <= 30


@pytest.mark.parametrize("role", SERVICES, ids=name)
def test_catalogue_keys_are_role_variables(role: Path) -> None:
    """What a profile may set and what Pulumi creates for a service stands in its specs; secrets are never logged."""
    service = load(role / "meta" / "service.yml")
    known = options(role)
    secrets = [f"{role.name}_{each['name']}" for each in service.get("secrets", [])]
    wanted = [f"{role.name}_{key}" for key in service.get("options", {})] + secrets

    assert [key for key in wanted if key not in known] == []
    assert [key for key in secrets if not known.get(key, {}).get("no_log")] == []


@pytest.mark.parametrize("tasks", TASKS, ids=name)
def test_task_file_is_short(tasks: Path) -> None:
    """A task file has at most 120 lines."""
    assert len(tasks.read_text(encoding="utf-8").splitlines()) <= 120


PARTS = ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks")  # of a block, of a play


def tasks_of(path: Path) -> list[dict[str, Any]]:
    """Return the tasks of a file, those inside blocks and plays too."""
    found: list[dict[str, Any]] = []
    waiting = list(load(path) or [])
    while waiting:
        task = waiting.pop(0)
        found.append(task)
        waiting += [each for part in PARTS for each in task.get(part, [])]
    return found


@pytest.mark.parametrize("tasks", [*TASKS, *under("playbooks", "*.yml")], ids=name)
def test_refusals_are_in_both_languages(tasks: Path) -> None:
    """What a role or a playbook refuses is told as ``Vietnamese | English``."""
    said = [task["ansible.builtin.assert"]["fail_msg"] for task in tasks_of(tasks) if "ansible.builtin.assert" in task]

    assert [words for words in said if " | " not in TEMPLATE.sub("", words)] == []


@pytest.mark.parametrize("tasks", TASKS, ids=name)
def test_units_foresee_what_the_run_writes(tasks: Path) -> None:
    """Each unit that follows files is told what the run would have written, so that a plan names its restart.

    A unit that is to be stopped needs nothing, and one that ``armed_change`` restarts has taken the files up by then.
    """
    found = tasks_of(tasks)
    armed = {unit for task in found for unit in task.get("armed_change", {}).get("units", {})}
    units = [task["unit_state"] for task in found if "unit_state" in task]
    running = [unit for unit in units if unit.get("state") != "stopped"]
    following = [unit for unit in running if {"files", "reload_files", "drop_ins"} & set(unit)]
    wanted = {unit["name"]: "restarted" if unit["name"] in armed else "written" for unit in following}

    assert [unit["name"] for unit in following if wanted[unit["name"]] not in unit] == []


ACTIONS = ("restore", "save", "bring", "send", "export")  # what a user asks for by a verb of its own
CONVERGING = [path for path in TASKS if path.stem not in ACTIONS]


@pytest.mark.parametrize("tasks", CONVERGING, ids=name)
def test_commands_that_change_something_run_in_check_mode(tasks: Path) -> None:
    """Ansible skips a command in check mode, and with it the change that a plan has to name.

    Such a command says what it creates, or runs in a form that changes nothing.
    """
    commands = [task for task in tasks_of(tasks) if "ansible.builtin.command" in task]
    changing = [task for task in commands if task.get("changed_when") is not False]
    skipped = [
        task["name"]
        for task in changing
        if not {"creates", "removes"} & set(task["ansible.builtin.command"]) and task.get("check_mode") is not False
    ]

    assert skipped == []


@pytest.mark.parametrize("playbook", under("playbooks", "*.yml"), ids=name)
def test_playbook_names_hosts_and_roles_only(playbook: Path) -> None:
    """A playbook has at most 40 lines; its tasks include roles, or check and fix an input."""
    text = playbook.read_text(encoding="utf-8")
    plays = [play for play in yaml.safe_load(text) if "hosts" in play]
    tasks = [task for play in plays for phase in ("pre_tasks", "tasks", "post_tasks") for task in play.get(phase, [])]
    including = (
        "ansible.builtin.include_role",
        "ansible.builtin.import_role",
        "ansible.builtin.set_fact",
        "ansible.builtin.assert",
        "block",
    )

    assert len(text.splitlines()) <= 40
    assert [task for task in tasks if not any(key in task for key in including)] == []


def test_building_blocks_exist() -> None:
    """The list of roles without a catalogue entry names roles that exist."""
    assert {role.name for role in ROLES} >= BUILDING_BLOCKS
    assert (CHECKOUT / "roles").is_dir()
