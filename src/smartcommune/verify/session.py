"""One pytest process's view of a commune's checks: what is planned, whether hosts answer, what was seen.

Everything it learns goes as one JSON line each into the runner's pipe, if there is one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import orjson

from smartcommune.text import Text
from smartcommune.transports.ssh import last_words, no_answer
from smartcommune.verify import web
from smartcommune.verify.context import Context, HostContext, load_context
from smartcommune.verify.results import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx
    import pytest

CONNECT_SECONDS = 10
DETAIL_CHARACTERS = 6000
WEB_PORTS = (443, 80)


class CheckSession:
    """The checks of one process; open it once, close it at the end."""

    def __init__(self, context: Context, events: int | None = None) -> None:
        self.context = context
        self._events = events
        self._unreached: dict[str, str | Text] = {}
        self._seconds: dict[str, float] = {}
        self._reported: set[str] = set()
        self._stack = contextlib.ExitStack()

    @classmethod
    def open(cls) -> CheckSession:
        """Take the context from the runner's pipe, or make it from the environment and start an agent for its key."""
        events = os.environ.get("SMARTCOMMUNE_EVENTS_FD")
        if pipe := os.environ.get("SMARTCOMMUNE_CONTEXT_FD"):
            with os.fdopen(int(pipe), "rb") as stream:
                return cls(Context.model_validate_json(stream.read()), int(events) if events else None)
        from smartcommune.transports.agent import Agent

        context, key = load_context()
        session = cls(context)
        session._stack.enter_context(Agent(key))
        return session

    def close(self) -> None:
        """End the agent, if one was started here."""
        self._stack.close()

    # --- which checks -------------------------------------------------------------------------------------------

    def connection(self, host: str) -> str:
        """Return Testinfra's host specification; the ssh configuration has its commands share a connection."""
        return f"ssh://{host}?timeout={CONNECT_SECONDS}"

    def host_of(self, item: pytest.Item) -> str:
        """Return the name of the host that a collected check is for."""
        connection = item.callspec.params["_testinfra_host"]  # type: ignore[attr-defined]
        return str(connection.backend.hostname)

    @staticmethod
    def service_of(item: pytest.Item) -> str:
        """Return the service whose role a check is kept in: ``roles/<service>/checks/test_x.py``."""
        return item.path.parent.parent.name

    def applies(self, item: pytest.Item) -> bool:
        """Tell whether the check's host carries the check's service."""
        host = self.context.hosts.get(self.host_of(item))
        return host is not None and self.service_of(item) in host.services

    def describe(self, item: pytest.Item) -> Check:
        """Return a collected check as it is planned: its title from the marker, else from the docstring."""
        host, service = self.host_of(item), self.service_of(item)
        function = item.function  # type: ignore[attr-defined]
        values = _parameters(item)
        suffix = f"[{'-'.join(values)}]" if values else ""
        docstring = (function.__doc__ or function.__name__.replace("_", " ")).strip().splitlines()[0]
        marker = item.get_closest_marker("title")
        title = {"vi": docstring, "en": docstring, **(marker.kwargs if marker else {})}
        shown = f" – {', '.join(values)}" if values else ""
        return Check(
            id=f"{host}/{service}/{item.path.stem}.{function.__name__}{suffix}",
            host=host,
            service=service,
            title=Text(vi=title["vi"] + shown, en=title["en"] + shown),
            kind="flow" if item.get_closest_marker("flow") else "check",
        )

    # --- what happens --------------------------------------------------------------------------------------------

    def plan(self, items: Sequence[pytest.Item]) -> None:
        """Tell what is planned, then ask each of its hosts whether it answers."""
        self._emit({"event": "planned", "checks": [self.describe(item).model_dump() for item in items]})
        for host in dict.fromkeys(self.host_of(item) for item in items):
            reason = self.probe(host)
            self._emit({"event": "host", "host": host, "reached": not reason, "reason": reason})

    def unloadable(self, nodeid: str, detail: str) -> None:
        """Tell that a check file could not be loaded."""
        self._emit({"event": "unloadable", "file": nodeid, "detail": detail[-DETAIL_CHARACTERS:]})

    def probe(self, host: str) -> str | Text:
        """Ask a host for one answer; return why there was none, or nothing. Opens the connection the checks share."""
        options = ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"]
        argv = ["ssh", "-F", self.context.ssh_config, *options, host, "true"]
        reason: str | Text
        try:
            done = subprocess.run(
                argv,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=2 * CONNECT_SECONDS,
            )
            reason = "" if done.returncode == 0 else last_words(done.stderr, done.returncode)
        except subprocess.TimeoutExpired:
            reason = no_answer(2 * CONNECT_SECONDS)
        if reason:
            self._unreached[host] = reason
        return reason

    def unreached(self, host: str) -> str | Text:
        """Return why a host does not answer, or nothing."""
        return self._unreached.get(host, "")

    def started(self, item: pytest.Item) -> None:
        """Tell that a check begins."""
        self._emit({"event": "started", "id": self.describe(item).id})

    def saw(self, item: pytest.Item, report: pytest.TestReport, *, not_reached: str | Text) -> None:
        """Take one phase of a check (setup, call, teardown); tell the result when it is decided."""
        check = self.describe(item).id
        self._seconds[check] = self._seconds.get(check, 0.0) + report.duration
        state, reason = _judge(report, not_reached)
        decided = state in ("failed", "not_reached", "skipped") or report.when == "call"
        late_failure = report.when == "teardown" and state == "failed"
        if decided and (check not in self._reported or late_failure):
            self._reported.add(check)
            result = {"event": "result", "id": check, "state": state, "reason": reason}
            detail = "" if state in ("passed", "not_reached") else _detail(report)
            self._emit(result | {"seconds": round(self._seconds[check], 3), "detail": detail})

    def _emit(self, event: dict[str, Any]) -> None:
        if self._events is not None:
            os.write(self._events, orjson.dumps(event | {"at": time.time()}, default=Text.model_dump) + b"\n")

    # --- the web --------------------------------------------------------------------------------------------------

    def web_zone(self, host: str) -> str:
        """Return the zone of an ordinary visitor that is let in to the host's web port."""
        zones = self.context.hosts[host].zones
        return web.visitor_zone([zone for port in WEB_PORTS for zone in zones.get(port, ())])

    def web(self, zone: str) -> httpx.Client:
        """Return a client of the commune's names as a computer in ``zone`` would see them."""
        ways = {host: _route(self.context.profile, known, zone) for host, known in self.context.hosts.items()}
        routes = {name: ways[host] for name, host in self.context.names.items()}
        return web.client(routes, self.context.ca_certificate)


def _route(profile: str, host: HostContext, zone: str) -> web.Route:
    """Return how a computer in ``zone`` reaches a host: in the lab, from a place in that zone of the host's site."""
    if host.netns is None:
        return web.Route(host.address)
    from smartcommune.lab.lab import Lab

    place = Lab(profile).visitor(zone, near=host.address)
    return web.Route(host.address, place.netns, place.address)


def _judge(report: pytest.TestReport, not_reached: str | Text) -> tuple[str, str | Text]:
    """Return a phase's state and its reason in one line."""
    if not_reached:
        return "not_reached", not_reached
    if report.skipped:
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(getattr(report, "wasxfail", ""))
        return "skipped", text.removeprefix("Skipped: ")
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message if crash else report.longreprtext
        where = "" if report.when == "call" else f"{report.when}: "
        first = next((line for line in message.splitlines() if line.strip()), "failed")
        return "failed", where + first
    return "passed", ""


def _detail(report: pytest.TestReport) -> str:
    """Return what pytest shows of a failure, with captured output, its end kept when it is long."""
    sections = [report.longreprtext, *(f"--- {name} ---\n{text}" for name, text in report.sections)]
    return "\n".join(sections)[-DETAIL_CHARACTERS:]


def _parameters(item: pytest.Item) -> list[str]:
    """Return a check's parameters as people read them; what is no text or number goes by its name in the check."""
    call = item.callspec  # type: ignore[attr-defined]
    host = call.params["_testinfra_host"].backend.get_pytest_id()
    values = [value for name, value in call.params.items() if name != "_testinfra_host"]
    if all(isinstance(value, str | int | float) for value in values):
        return [str(value) for value in values]
    return [call.id.replace(host, "").strip("-")]
