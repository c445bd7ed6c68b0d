"""Running the checks of a commune: one pytest process a host, several at a time, their events as they happen.

A process gets what it must know (secrets included) through a pipe and reports through another one; what it does
not report is ``not_run``, so that a process that dies loses nothing silently.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from smartcommune import paths
from smartcommune.redaction import redact_with_keys, secret_values
from smartcommune.text import Text
from smartcommune.verify.context import Context, build_context
from smartcommune.verify.results import Check, CheckResult, HostReach, State, Verification

if TYPE_CHECKING:
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs

Event = dict[str, Any]
OnEvent = Callable[[Event], None]
PARALLEL_HOSTS = max(4, 2 * (os.cpu_count() or 1))  # a check mostly waits for its host
OUTPUT_CHARACTERS = 4000
# What else is installed, or wished for by the caller's environment, changes no result, and would take a second to load.
_OWN_PLUGINS_ONLY = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
_NOT_STARTED = Text(vi="các kiểm tra chưa bắt đầu", en="the checks did not start")
_NO_CHECKS = Text(vi="không dịch vụ nào của máy có kiểm tra", en="none of its services has checks")
_NOT_LOADED = Text(vi="không đọc được tệp kiểm tra", en="the check file could not be loaded")
_NOT_RUN = Text(vi="lượt chạy kết thúc trước nó", en="the run ended before it")
_CANNOT_START = Text(vi="không khởi động được các kiểm tra", en="the checks could not be started")
_ALL_PASSED, _SOME_FAILED, _NOTHING_COLLECTED = 0, 1, 5  # pytest's exit statuses


def run(
    site: Site,
    outputs: Outputs,
    on_event: OnEvent | None = None,
    *,
    limit: tuple[str, ...] = (),
    roles: Path | None = None,
) -> Verification:
    """Run the checks of all services on all hosts (or those in ``limit``); return every planned check's result.

    ``on_event`` is called from several threads, one event at a time: ``planned``, ``host``, ``started``, ``result``.
    """
    from smartcommune.transports.agent import Agent
    from smartcommune.transports.ssh import ssh_options

    ssh_options(site, outputs)
    config = paths.deployment(site.profile, site.target) / "ssh_config"
    context = build_context(site, outputs, str(config))
    hosts = tuple(host.name for host in site.hosts if not limit or host.name in limit)
    with Agent(outputs.ssh.private):
        return run_context(context, hosts, frozenset(secret_values(outputs)), on_event, roles=roles)


def run_context(
    context: Context,
    hosts: tuple[str, ...],
    sensitive: frozenset[str],
    on_event: OnEvent | None = None,
    *,
    roles: Path | None = None,
) -> Verification:
    """Run the checks of ``hosts`` of a context; texts that are kept carry none of the ``sensitive`` values."""
    started, clock = datetime.now(UTC), time.monotonic()
    serial = threading.Lock()

    def tell(event: Event) -> None:
        if on_event is not None:
            with serial:
                on_event(event)

    processes: list[subprocess.Popen[bytes]] = []

    def of_host(name: str) -> _HostRun:
        return _run_host(context, name, roles or paths.checkout() / "roles", sensitive, tell, processes)

    with ThreadPoolExecutor(max_workers=PARALLEL_HOSTS) as pool, _ended_with(processes):
        runs = list(pool.map(of_host, hosts))
    return Verification(
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - clock, 3),
        hosts=tuple(run.reach for run in runs),
        results=tuple(result for run in runs for result in run.finish()),
    )


@contextmanager
def _ended_with(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """End the processes when whoever waits for them is interrupted, so that the interrupt does not wait for them."""
    try:
        yield
    except BaseException:
        for process in processes:
            process.terminate()
        raise


@dataclass(slots=True)
class _HostRun:
    """What one host's process has told so far."""

    host: str
    planned: list[Check] = field(default_factory=list)
    results: dict[str, CheckResult] = field(default_factory=dict)
    reach: HostReach = field(init=False)
    ended: str = ""  # why the process ended, when it did not end well

    def __post_init__(self) -> None:
        self.reach = HostReach(name=self.host, reached=False, reason=_NOT_STARTED)

    def take(self, event: Event, sensitive: frozenset[str]) -> Event:
        """Take one event; return it as it may be shown."""
        event = {key: _readable(value, sensitive) for key, value in event.items()}
        match event["event"]:
            case "planned":
                self.planned += [Check.model_validate(check) for check in event["checks"]]
            case "host":
                self.reach = HostReach(name=event["host"], reached=event["reached"], reason=event["reason"])
            case "unloadable":
                check = _unloadable(self.host, event["file"])
                self.planned.append(check)
                self.results[check.id] = CheckResult(
                    check=check, state="failed", reason=_NOT_LOADED, detail=event["detail"]
                )
            case "result":
                self._take_result(event)
        return event | {"host": self.host}

    def _take_result(self, event: Event) -> None:
        check = next(check for check in self.planned if check.id == event["id"])
        state: State = event["state"]
        self.results[check.id] = CheckResult(
            check=check, state=state, reason=event["reason"], seconds=event["seconds"], detail=event["detail"]
        )
        if state == "not_reached":
            self.reach = HostReach(name=self.host, reached=False, reason=event["reason"])

    def finish(self) -> Iterator[CheckResult]:
        """Yield one result for each planned check, in the planned order."""
        for check in self.planned:
            reason = self.ended.splitlines()[-1] if self.ended else _NOT_RUN
            missing = CheckResult(check=check, state="not_run", reason=reason, detail=self.ended)
            yield self.results.get(check.id, missing)
        if self.ended and not self.planned:
            check = _unloadable(self.host, "")
            yield CheckResult(check=check, state="failed", reason=_CANNOT_START, detail=self.ended)


def _readable(value: Any, sensitive: frozenset[str]) -> Any:
    """Return a value of an event as it may be shown; the process's own texts are in both languages."""
    if isinstance(value, dict):
        return Text(**value)
    return redact_with_keys(value, sensitive) if isinstance(value, str) else value


def _unloadable(host: str, file: str) -> Check:
    service = Path(file).parent.parent.name or "smartcommune"
    title = Text(vi=f"Đọc tệp kiểm tra {file}".strip(), en=f"Load the check file {file}".strip())
    return Check(id=f"{host}/{service}/{Path(file).stem or 'start'}", host=host, service=service, title=title)


def _run_host(
    context: Context,
    host: str,
    roles: Path,
    sensitive: frozenset[str],
    tell: Callable[[Event], None],
    processes: list[subprocess.Popen[bytes]],
) -> _HostRun:
    """Run one host's checks in a pytest process of its own."""
    run = _HostRun(host)
    folders = [folder for name in context.hosts[host].services if (folder := roles / name / "checks").is_dir()]
    if not folders:
        run.reach = HostReach(name=host, reached=False, reason=_NO_CHECKS)
        return run

    def take(event: Event) -> None:
        tell(run.take(event, sensitive))

    with os.fdopen(os.memfd_create("pytest-output"), "w+b") as output:  # in memory: it may carry a secret
        command = _pytest_command(host, folders, roles)
        status = _drive(command, _for_host(context, host), output, take, processes)
        if status not in (_ALL_PASSED, _SOME_FAILED, _NOTHING_COLLECTED):
            output.seek(0)
            text = redact_with_keys(output.read().decode(errors="replace"), sensitive)[-OUTPUT_CHARACTERS:]
            run.ended = text.strip() or f"pytest ended with status {status}"
    return run


def _drive(
    argv: list[str],
    context: Context,
    output: BinaryIO,
    take: Callable[[Event], None],
    processes: list[subprocess.Popen[bytes]],
) -> int:
    """Start the process, hand it its context, take its events until it closes them; return its exit status."""
    context_read, context_write = os.pipe()
    events_read, events_write = os.pipe()
    environment = (
        os.environ
        | _OWN_PLUGINS_ONLY
        | {
            "SMARTCOMMUNE_CONTEXT_FD": str(context_read),
            "SMARTCOMMUNE_EVENTS_FD": str(events_write),
            "PYTHONDONTWRITEBYTECODE": "1",  # a check run as root leaves no file in the checkout
        }
    )
    with os.fdopen(context_write, "wb") as feed, os.fdopen(events_read, "rb") as events:
        pipes = (context_read, events_write)
        try:
            process = subprocess.Popen(
                argv, env=environment, pass_fds=pipes, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        finally:
            for pipe in pipes:
                os.close(pipe)
        processes.append(process)
        with process:
            try:
                with suppress(BrokenPipeError):  # the process ended before it read: its output says why
                    feed.write(context.model_dump_json().encode())
                    feed.close()
                for line in events:
                    take(orjson.loads(line))
            except BaseException:
                process.terminate()
                raise
        return process.returncode


def _for_host(context: Context, host: str) -> Context:
    """Return the context with the secrets of one host alone: a process knows no more than it needs."""
    own = {name: value for name, value in context.secrets.items() if name.startswith(f"{host}/")}
    return context.model_copy(update={"secrets": own})


def _pytest_command(host: str, folders: list[Path], roles: Path) -> list[str]:
    """Return the command: our plugin and Testinfra's, nothing of the surrounding project's settings."""
    options = ["-p", "testinfra.plugin", "-p", "smartcommune.verify.plugin", "-p", "no:cacheprovider"]
    options += ["-c", os.devnull, "--rootdir", str(roles)]
    options += [
        "--import-mode=importlib",
        "--strict-markers",
        "--continue-on-collection-errors",
        "-q",
        "--color=no",
        "--tb=short",
        "-o",
        "addopts=",
    ]
    return [sys.executable, "-m", "pytest", *options, f"--hosts={host}", *map(str, folders)]
