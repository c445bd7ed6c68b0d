"""Failures in words, and what is left of killed runs."""

import json
from pathlib import Path

import pytest
from pulumi.automation import CommandError
from pulumi.automation._cmd import CommandResult

from smartcommune.errors import InterruptedRunError, NotReachedError, SmartCommuneError, UsageError
from smartcommune.targets import recovery
from smartcommune.targets.failures import EngineError, HostsNotReachedError, ProvisioningError, explain
from smartcommune.targets.layout import Layout
from smartcommune.targets.provider.journal import Failure, Journal
from smartcommune.targets.state import State
from smartcommune.text import Text

MACHINE = "urn:pulumi:a.lab::commune::smartcommune:component:Commune$smartcommune:lab:Machine::server-1"
SAID = CommandError(
    CommandResult("", "Diagnostics:\n\x1b[31m  error: no space left\x1b[0m\n  error: no space left\n", 255)
)
BROKEN = SmartCommuneError(
    Text(vi="không khởi động:\nkernel panic", en="did not boot:\nkernel panic"),
    todo=Text(vi="xem console", en="see the console"),
)
SILENT = NotReachedError(Text(vi="im lặng", en="silent"))


def test_the_machine_and_its_console_are_named() -> None:
    """What the provider knows goes before what the engine says: machine, console, what to do."""
    error = explain(SAID, Journal(failures=[Failure(MACHINE, "create", BROKEN)]), interrupted=False)

    assert isinstance(error, ProvisioningError)
    assert error.message.en == "machine server-1: did not boot:\nkernel panic"
    assert error.message.vi.startswith("máy server-1: không khởi động")
    assert error.todo is not None
    assert error.todo.en == "see the console"


def test_only_unreached_hosts_are_an_exit_code_of_their_own() -> None:
    """When nothing but contact failed the rest is done: exit code 4; mixed with another failure it is 1."""
    silent = Failure(MACHINE, "create", SILENT)
    only = explain(SAID, Journal(failures=[silent]), interrupted=False)
    mixed = explain(SAID, Journal(failures=[silent, Failure(MACHINE, "create", BROKEN)]), interrupted=False)

    assert (type(only), only.exit_code) == (HostsNotReachedError, 4)
    assert (type(mixed), mixed.exit_code) == (ProvisioningError, 1)
    assert mixed.message.en.count("machine server-1") == 2


def test_the_engines_own_failure_is_told_once_and_plain() -> None:
    """Without a failure of the provider the engine's error lines are given, without colours or repetition."""
    error = explain(SAID, Journal(), interrupted=False)

    assert isinstance(error, EngineError)
    assert error.message.en == "pulumi failed: no space left"


def test_an_interruption_is_no_failure() -> None:
    """A run that was asked to stop says how to go on, with the exit code of an interruption."""
    error = explain(SAID, Journal(failures=[Failure(MACHINE, "create", BROKEN)]), interrupted=True)

    assert isinstance(error, InterruptedRunError)
    assert error.exit_code == 130


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """The places of a stack that has run often, beside another one."""
    layout = Layout(tmp_path, "a", "lab")
    layout.engine_locks.mkdir(parents=True)
    (layout.engine_locks / "1.json").write_text(json.dumps({"pid": 1}))
    layout.state_file.parent.mkdir(parents=True)
    for name in ("a.lab.json", "a.lab.json.bak", "a.lab.json.attrs", "a.lab2.json"):
        (layout.state_file.parent / name).touch()
    for folder in (layout.history, layout.backups):
        folder.mkdir(parents=True)
        for number in range(50):
            (folder / f"{number}.json").touch()
    (layout.home / "logs").mkdir(parents=True)
    layout.work.mkdir(parents=True)
    return layout


def test_stale_locks_and_old_records_go(layout: Layout) -> None:
    """Under our lock the engine's lock files are stale; history, backups and logs do not grow without end."""
    recovery.remove_stale_locks(layout)
    recovery.prune(layout)

    assert list(layout.engine_locks.iterdir()) == []
    assert len(list(layout.history.iterdir())) == recovery.HISTORY_KEPT
    assert len(list(layout.backups.iterdir())) == recovery.HISTORY_KEPT
    assert not (layout.home / "logs").exists()


def test_a_removed_stack_leaves_no_file(layout: Layout) -> None:
    """After removal no copy of the encrypted secrets stays; other stacks' files do."""
    recovery.forget_stack(layout)

    assert [path.name for path in layout.state_file.parent.iterdir()] == ["a.lab2.json"]
    assert not any(folder.exists() for folder in (layout.history, layout.backups, layout.work, layout.engine_locks))


def test_pending_operations_are_cleared_once() -> None:
    """The engine is asked to forget what was cut, and only when something was."""

    class FakeStack:
        calls = 0

        def refresh(self, *, clear_pending_creates: bool) -> None:
            self.calls += clear_pending_creates

    stack = FakeStack()
    assert recovery.clear_pending(stack, State(pending=("urn",)))  # type: ignore[arg-type]
    assert not recovery.clear_pending(stack, State())  # type: ignore[arg-type]
    assert stack.calls == 1


def test_a_wrong_passphrase_is_wrong_use() -> None:
    """What the engine says of it becomes the message that the toolkit gives elsewhere: nothing was touched."""
    said = CommandError(CommandResult("", "error: getting secrets manager: incorrect passphrase", 255))
    error = explain(said, Journal(), interrupted=False)

    assert isinstance(error, UsageError)
    assert "PULUMI_CONFIG_PASSPHRASE" in str(error.todo)
