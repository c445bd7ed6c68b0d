"""What the callback plugin makes of Ansible's results: messages, diffs, and the service a task works for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.plugin_files import load_plugin

events = load_plugin("callback", "smartcommune_events")


def role(name):
    """Return a stand-in for Ansible's role."""
    return SimpleNamespace(get_name=lambda: name)


def test_a_task_works_for_the_outermost_role():
    """A building block's task is told as the service's that includes it; a task of the play has no role."""
    include = SimpleNamespace(_role=role("traceability"), _parent=SimpleNamespace(_role=None, _parent=None))
    task = SimpleNamespace(_role=role("python_app"), _parent=include)

    assert events.service_of(task) == "traceability"
    assert events.service_of(SimpleNamespace(_role=None, _parent=None)) == ""


def test_messages_of_failed_items_are_joined():
    """A loop's failure says what its failed items say."""
    result = {"msg": "One or more items failed", "results": [{"failed": True, "msg": "no space"}, {"msg": "fine"}]}

    assert events.message_of(result) == "no space"
    assert events.message_of({"msg": "non-zero return code", "stderr": "boom\n"}) == "non-zero return code\nboom"


def test_diffs_are_unified_and_short():
    """A diff names the file and the lines that differ, and nothing else."""
    result = {"changed": True, "diff": {"before": "a\nb\n", "after": "a\nc\n", "before_header": "/etc/x"}}

    assert events.render_diff(result) == "--- /etc/x\n+++ /etc/x\n@@ -2 +2 @@\n-b\n+c\n"


def test_changed_items_without_a_diff_are_named():
    """A module that tells no diff leaves the labels of its changed items."""
    items = [{"changed": True, "_ansible_item_label": "shop"}, {"changed": False, "_ansible_item_label": "lots"}]

    assert events.render_diff({"changed": True, "results": items}) == "+ shop\n"


def test_hidden_output_stays_hidden():
    """A task with no_log leaves no diff, whichever form Ansible gives it."""
    diff = {"before": "", "after": "secret\n"}

    assert events.render_diff({"changed": True, "_ansible_no_log": True, "diff": diff}) == ""
    assert events.render_diff({"changed": True, "censored": "hidden", "diff": diff}) == ""


class Told(events.CallbackModule):
    """The plugin with its events in a list instead of a file."""

    def __init__(self):
        self.events, self._started = [], {}

    def _write(self, event):
        self.events.append(event)


@pytest.mark.parametrize(
    ("result", "removes"),
    [
        ({"changed": True, "removes": True}, True),
        ({"changed": True}, False),
        ({"changed": False, "removes": True}, False),
    ],
)
def test_a_removal_is_told_apart(result, removes):
    """A module that takes something away says so, and the event passes it on; who changes nothing removes nothing."""
    plugin = Told()
    task = SimpleNamespace(_uuid="1", _role=role("base"), _parent=None, name="x", action="y", get_path=lambda: "")
    plugin.v2_runner_on_ok(SimpleNamespace(host=SimpleNamespace(get_name=lambda: "h"), task=task, result=result))

    assert [event["removes"] for event in plugin.events] == [removes]


@pytest.mark.parametrize(("action", "refused"), [("ansible.builtin.assert", True), ("ansible.builtin.command", False)])
def test_what_a_role_refuses_is_told_apart(action, refused):
    """The message of a failed assertion is the role's own, that of another task a program's."""
    plugin = Told()
    task = SimpleNamespace(_uuid="1", _role=role("base"), _parent=None, name="x", action=action, get_path=lambda: "")
    result = {"failed": True, "msg": "không | no"}
    plugin.v2_runner_on_failed(SimpleNamespace(host=SimpleNamespace(get_name=lambda: "h"), task=task, result=result))

    assert [(event["message"], event["refused"]) for event in plugin.events] == [("không | no", refused)]
