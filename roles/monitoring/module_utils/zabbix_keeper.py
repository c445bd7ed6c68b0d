"""Keeping objects of Zabbix: look, compare, and create, update or delete; in check mode only what it would do."""

from __future__ import annotations

from typing import Any, Protocol

from ansible.module_utils.zabbix_compare import differing, plain

Row = dict[str, Any]
LONG = 200


class Caller(Protocol):
    """The API."""

    def call(self, method: str, params: Any) -> Any:
        """Return the result of one call."""


def shown(values: Row, changes: Row) -> Row:
    """Return those of ``values`` that change as a plan shows them: a long one, such as a dashboard's pages, cut."""
    texts = {key: plain(values.get(key)) for key in changes}
    return {key: f"{str(text)[:LONG]}…" if len(str(text)) > LONG else text for key, text in texts.items()}


class Keeper:
    """Notes every change, in words for the plan."""

    def __init__(self, api: Caller, *, dry_run: bool) -> None:
        self.api, self.dry_run = api, dry_run
        self.before: list[str] = []
        self.after: list[str] = []
        self.removes = False

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, changed."""
        return bool(self.before or self.after)

    def note(self, what: str, before: Any, after: Any) -> None:
        """Remember a change: what it was, and what it becomes; None where there is nothing."""
        for lines, value in ((self.before, before), (self.after, after)):
            if value is not None:
                lines.append(f"{what}: {value}" if value != "" else what)

    def write(self, method: str, params: Any) -> Any:
        """Call what changes something, but not in check mode."""
        return None if self.dry_run else self.api.call(method, params)

    def keep(self, kind: str, what: str, wanted: Row, actual: Row | None, hidden: Row | None = None) -> None:
        """Create the object, or give it what it lacks. ``hidden`` is only written with something else, never shown."""
        if actual is None:
            self.note(what, None, "")
            self.write(f"{kind}.create", wanted | (hidden or {}))
            return
        changes = differing(wanted, actual)
        if changes:
            self.note(what, *(shown(values, changes) for values in (actual, changes)))
            key = ID.get(kind, f"{kind}id")
            self.write(f"{kind}.update", {key: actual[key]} | changes | (hidden or {}))

    def keep_settings(self, kind: str, wanted: Row) -> None:
        """Keep values of an object that is always there."""
        actual = self.api.call(f"{kind}.get", {"output": list(wanted)})
        changes = differing(wanted, actual)
        if changes:
            self.note(kind, *(shown(values, changes) for values in (actual, changes)))
            self.write(f"{kind}.update", changes)

    def remove(self, kind: str, what: str, number: str) -> None:
        """Delete an object."""
        self.note(what, "", None)
        self.removes = True
        self.write(f"{kind}.delete", [number])


ID = {"hostgroup": "groupid", "templategroup": "groupid", "mediatype": "mediatypeid"}
