"""Ansible callback plugin: tells the toolkit what happens on each host, one JSON object a line.

Silent unless ``SMARTCOMMUNE_EVENTS`` names the pipe or file to write to. Each line is one of::

    {"event": "started", "host", "role", "task", "path"}
    {"event": "ended", "host", "role", "task", "path", "state", "seconds", "message", "refused", "diff",
     "removes"}
    {"event": "stats", "hosts": {host: {ok, changed, failed, skipped, unreachable}}}

where ``state`` is ok, changed, skipped, failed or unreachable, ``refused`` whether the message is a role's own, of an
assertion, and ``removes`` whether a module said that what it does takes something away.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: smartcommune_events
type: notification
short_description: One JSON event a line, for the toolkit's progress and records
description: Writes starts and ends of tasks on hosts to the path in the environment variable SMARTCOMMUNE_EVENTS.
requirements: [enable in configuration]
author: [smartcommune authors]
"""

import difflib
import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

LONGEST_DIFF = 4000
ASSERT = ("ansible.builtin.assert", "assert")  # what a role refuses, in its own words


def service_of(task: Any) -> str:
    """Return the outermost role around a task: the service it works for, also where that includes a building block."""
    name = ""
    while task is not None:
        role = getattr(task, "_role", None)
        name = role.get_name() if role else name
        task = getattr(task, "_parent", None)
    return name


def message_of(result: dict[str, Any]) -> str:
    """Return what a failed result says, the failed items of a loop included."""
    failed = [item for item in result.get("results") or [] if item.get("failed")]
    if failed:
        return "\n".join(filter(None, (message_of(item) for item in failed)))
    return "\n".join(str(result[key]).strip() for key in ("msg", "stderr", "module_stderr") if result.get(key))


def render_diff(result: dict[str, Any]) -> str:
    """Return a short unified diff of what changed or would change; nothing of a task that hides its output."""
    if result.get("_ansible_no_log") or "censored" in result:
        return ""
    found: list[dict[str, Any]] = []
    for item in [result, *(result.get("results") or [])]:
        if item.get("changed") and not item.get("_ansible_no_log"):
            diffs = item.get("diff") or []
            found += diffs if isinstance(diffs, list) else [diffs]
    items = [item.get("_ansible_item_label", "") for item in result.get("results") or [] if item.get("changed")]
    return ("".join(map(_unified, found)) or "".join(f"+ {item}\n" for item in items))[:LONGEST_DIFF]


def _unified(diff: dict[str, Any]) -> str:
    if "prepared" in diff:
        return str(diff["prepared"])
    before, after = (_text(diff.get(side)) for side in ("before", "after"))
    if before == after:
        return ""
    header = str(diff.get("before_header") or diff.get("after_header") or "")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), header, header, n=0, lineterm="")
    return "".join(f"{line}\n" for line in list(lines)[0 if header else 2 :])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, indent=1, sort_keys=True)


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible ships no types
    """Writes events; does nothing where nobody listens."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "smartcommune_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get("SMARTCOMMUNE_EVENTS")
        self.disabled = path is None
        self._out = Path(path).open("w", encoding="utf-8", buffering=1) if path else None  # noqa: SIM115 (lives as long as the run)
        self._started: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins on a host."""
        self._started[host.get_name(), task._uuid] = time.monotonic()  # noqa: SLF001 (Ansible's own callbacks do)
        self._write({"event": "started", "host": host.get_name(), **self._names(task)})

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task ended well."""
        self._end(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._end(result, "ok" if ignore_errors else "failed", message_of(result.result))

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task did not apply."""
        self._end(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host did not answer."""
        self._end(result, "unreachable", message_of(result.result))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run is over."""
        names = {
            "ok": "ok",
            "changed": "changed",
            "failures": "failed",
            "skipped": "skipped",
            "unreachable": "unreachable",
        }
        summary = {host: stats.summarize(host) for host in sorted(stats.processed)}
        hosts = {host: {ours: counted[theirs] for theirs, ours in names.items()} for host, counted in summary.items()}
        self._write({"event": "stats", "hosts": hosts})

    def _end(self, result: Any, state: str, message: str = "") -> None:
        host, task = result.host.get_name(), result.task
        seconds = time.monotonic() - self._started.pop((host, task._uuid), time.monotonic())  # noqa: SLF001
        event = {"event": "ended", "host": host, **self._names(task), "state": state, "seconds": round(seconds, 3)}
        diff = render_diff(result.result) if state == "changed" else ""
        removes = state == "changed" and result.result.get("removes", False) is True
        refused = state == "failed" and task.action in ASSERT
        self._write({**event, "message": message, "refused": refused, "diff": diff, "removes": removes})

    @staticmethod
    def _names(task: Any) -> dict[str, str]:
        return {"role": service_of(task), "task": task.name or task.action, "path": task.get_path() or ""}

    def _write(self, event: dict[str, Any]) -> None:
        if self._out is not None:
            self._out.write(json.dumps(event, ensure_ascii=False) + "\n")
