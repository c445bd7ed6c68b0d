"""The action plugin armed_change: it comes back over a new connection, or says that the change was undone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from tests.plugin_files import load_plugin

plugin = load_plugin("action", "armed_change")
LOST = AnsibleConnectionFailure("refused")
MADE = {"changed": False, "pending": True, "made": True}
PENDING = {"changed": True, "pending": True, "diff": ["d"]}
KEPT = {"changed": False, "pending": False}


@pytest.fixture
def play(monkeypatch):
    """A function that runs the plugin with what the host answers in turn; the clock goes on by its pauses."""
    clock = SimpleNamespace(now=0.0)

    def sleep(seconds):
        clock.now += seconds

    monkeypatch.setattr(plugin.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(plugin.time, "sleep", sleep)
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})

    def run(*answers, check_mode=False):
        waiting, asked = list(answers), []

        def execute(*, module_args, task_vars):
            asked.append(module_args.get("state", "applied"))
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, Exception):
                raise type(answer)(*answer.args)
            return answer

        action = object.__new__(plugin.ActionModule)
        action._task = SimpleNamespace(args={"name": "firewall"}, check_mode=check_mode)
        action._connection = SimpleNamespace(reset=lambda: asked.append("reset"))
        action._execute_module = execute
        return action.run(None, {}), asked

    return run


def test_a_change_is_confirmed_over_a_new_connection(play):
    """The connection that confirms is opened after the change is known to be made; the change is what is told."""
    result, asked = play(PENDING, MADE | {"made": False}, MADE, KEPT)

    assert asked == ["applied", "reset", "made", "reset", "made", "reset", "confirmed"]
    assert result == {"changed": True, "pending": False, "diff": ["d"]}


@pytest.mark.parametrize("answer", [KEPT, {"failed": True, "msg": "refused by its check", "pending": False}])
def test_what_left_nothing_armed_is_not_confirmed(play, answer):
    """No change, or one that failed by itself, is told as it is."""
    result, asked = play(answer)

    assert (result, asked) == (answer, ["applied"])


def test_the_toolkit_knocks_until_the_machine_has_undone_the_change(play):
    """Refused log-ins, and a sudo that no longer lets the module run, are tried again until the module answers."""
    undone = {"failed": True, "msg": "the change of firewall was undone 60 s after it was made", "pending": False}
    result, asked = play(PENDING, LOST, {"failed": True, "msg": "sudo: a password is required"}, undone)

    assert result == undone
    assert asked.count("made") == 3


def test_a_change_that_cuts_its_own_connection_is_confirmed_too(play):
    """An address that moves ends the module's connection; a new one shows whether the change is good."""
    assert play(LOST, MADE, LOST, KEPT)[0] == {"changed": True, "pending": False}
    with pytest.raises(AnsibleConnectionFailure, match="refused"):
        play(LOST, check_mode=True)


def test_a_connection_lost_before_the_change_is_a_host_not_reached(play):
    """Where the module never began there is no change to wait for."""
    absent = {"failed": True, "msg": "there is no change of firewall to confirm", "pending": False, "absent": True}
    with pytest.raises(AnsibleConnectionFailure, match="refused"):
        play(LOST, LOST, absent)


def test_a_machine_that_never_answers_again_is_not_reached(play):
    """After the machine's own time and patience beyond it the host counts as not reached, with what was done."""
    with pytest.raises(AnsibleConnectionFailure, match="no answer after the change of firewall"):
        play(PENDING, LOST)
