"""Ansible action plugin of the module armed_change: comes back over the new path, and only then keeps the change.

The module arms the change and has it made once it has answered. This part drops the connection and asks by another one
whether the change is made; then it drops that as well, logs in anew and has the module stop the timer, so that the
log-in that confirms is certainly later than the change. While none succeeds it goes on trying, until the machine has
undone the change by itself: the module then says so, and the task fails with that.
"""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

PATIENCE = 90.0  # seconds beyond the machine's own timer: for undoing, or for a restart
PAUSE = 1.0  # between attempts


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible ships no types
    """Runs the module, and once more over a new connection if it left a change armed."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make the change and confirm it."""
        super().run(tmp, task_vars)
        lost = None
        try:
            made = self._module(task_vars)
        except AnsibleConnectionFailure as error:
            if self._task.check_mode or "state" in self._task.args:
                raise
            made, lost = {"changed": True, "pending": True}, error  # the change may have cut its own connection
        if made.get("failed") or not made.get("pending"):
            return made
        kept = self._confirm(task_vars, lost)
        return kept if kept.get("failed") else {**made, "pending": False}

    def _module(self, task_vars: dict[str, Any] | None, **more: str) -> dict[str, Any]:
        found: dict[str, Any] = self._execute_module(module_args={**self._task.args, **more}, task_vars=task_vars)
        return found

    def _confirm(self, task_vars: dict[str, Any] | None, lost: AnsibleConnectionFailure | None) -> dict[str, Any]:
        """Return the module's answer over a new connection; raises AnsibleConnectionFailure when there is none."""
        name, seconds = self._task.args["name"], int(self._task.args.get("revert_after", 60))
        end, state = time.monotonic() + seconds + PATIENCE, "made"
        while True:
            try:
                self._connection.reset()
                answer = self._module(task_vars, state=state)
                if lost and answer.get("absent"):
                    raise lost  # the connection was lost before anything was done
                if answer.get("pending") is False or time.monotonic() > end:
                    return answer
                if answer.get("made"):
                    state = "confirmed"
                    continue
            except AnsibleConnectionFailure as error:
                if error is lost:
                    raise
                if time.monotonic() > end:
                    words = f"no answer after the change of {name}, which the machine undoes within {seconds} s"
                    raise AnsibleConnectionFailure(f"{words}: {lost or error}") from error
            time.sleep(PAUSE)
