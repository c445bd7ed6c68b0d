"""Running a playbook on the hosts of a Site: Ansible as a subprocess, its events live, a folder for each run.

Secrets reach Ansible through a file in memory that only its process has open; they are in no argument, environment
variable or file, and are taken out of what is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.converge.inventory import build
from smartcommune.converge.tracking import Tracker, checking, expectations, installing
from smartcommune.errors import SmartCommuneError
from smartcommune.redaction import redact, secret_values
from smartcommune.targets.timings import load_timings, save_timings
from smartcommune.text import Text
from smartcommune.transports.agent import Agent
from smartcommune.transports.ssh import ssh_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from smartcommune.converge.results import ConvergeEvent, ConvergeResult
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs

GRACE = 15.0  # seconds for Ansible to end after an interrupt, before it is killed
# The kernel ends Ansible with us: a killed toolkit leaves no run behind.
_DIE_WITH_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.getppid() == int(sys.argv[1]) and os.execv(sys.argv[2], sys.argv[2:])"
)
_PASSED_ON = ("HOME", "USER", "LOGNAME", "TERM", "SMARTCOMMUNE_STATE", "SMARTCOMMUNE_PROVINCE")


class ConvergeError(SmartCommuneError):
    """Ansible did not get as far as the hosts: a playbook or role is broken."""


def run_playbook(
    site: Site,
    outputs: Outputs,
    playbook: str = "site",
    *,
    check: bool = False,
    limit: Sequence[str] | None = None,
    on_event: Callable[[ConvergeEvent], None] | None = None,
    variables: Mapping[str, str] | None = None,
    fresh: frozenset[str] = frozenset(),
    lock: int | None = None,
) -> ConvergeResult:
    """Run ``playbooks/<playbook>.yml`` and return what it came to; failed tasks and lost hosts are in the result.

    ``check`` changes nothing and tells what would change. ``variables`` are extra variables (never secrets). ``fresh``
    names hosts that were just made. ``lock`` is a descriptor that the run keeps open, and so keeps locked, while it
    lives. Raises ConvergeError when Ansible could not start, and KeyboardInterrupt after ending it.
    """
    ssh_options(site, outputs)
    folder = paths.deployment(site.profile, site.target)
    timings = folder / "timings.json"
    tracker = Tracker(expectations(site, load_timings(timings), fresh), str(paths.checkout()))
    secrets = secret_values(outputs)
    command = _command(playbook, check=check, limit=limit, variables=variables or {})
    started = time.monotonic()
    with ExitStack() as stack:
        run = _run_folder(folder, playbook, check=check)
        events = stack.enter_context((run / "events.jsonl").open("w", encoding="utf-8"))
        surroundings = environment(stack.enter_context(Agent(outputs.ssh.private)).socket, _scratch(stack, folder))
        inventory = build(site, outputs)
        process, pipe, log = _start(stack, command, surroundings, inventory, run / "ansible.log", secrets, lock)
        try:
            for line in pipe:
                shown = redact(line, secrets)
                events.write(shown)
                told = tracker.take(json.loads(shown))
                if told is not None and on_event is not None:
                    on_event(told)
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        finally:
            log.join()
    result = tracker.result(time.monotonic() - started, run)
    if playbook == "site" and not check:
        save_timings(timings, _measured(tracker))
    if code not in (0, 2, 4) or (code != 0 and not result.hosts):
        raise _broken(run / "ansible.log")
    return result


def _command(
    playbook: str, *, check: bool, limit: Sequence[str] | None, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the argument vector. ``--diff`` is set in ansible.cfg."""
    root = paths.checkout()
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        *("--inventory", str(root / "inventory" / "commune.yml")),
        str(root / "playbooks" / f"{playbook}.yml"),
    ]
    if check:
        command.append("--check")
    if limit:
        command += ["--limit", ",".join(limit)]
    for name, value in sorted(variables.items()):
        command += ["--extra-vars", json.dumps({name: value})]
    return tuple(command)


def environment(agent: str, scratch: Path) -> dict[str, str]:
    """Return Ansible's environment: nothing of the caller's but what is named, so that runs are alike.

    ``agent`` is the socket of an ssh-agent that ends with us, ``scratch`` a folder in memory for rendered templates.
    """
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed,
        "PATH": f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "SMARTCOMMUNE_CACHE": str(paths.cache()),  # one cache, whoever runs
        "ANSIBLE_CONFIG": str(paths.checkout() / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCAL_TEMP": str(scratch),
        "ANSIBLE_SSH_AGENT": agent,
        "SSH_AUTH_SOCK": agent,
    }


def scratch_folder(folder: Path) -> Path:
    """Return where runs of the commune in ``folder`` keep what they render: in memory, and only while they last."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]
    return Path("/dev/shm", f"smartcommune-{os.getuid()}-{digest}")  # noqa: S108 (made anew for each run, for us alone)


def _scratch(stack: ExitStack, folder: Path) -> Path:
    """Make that folder, empty; what a killed run left in it is removed."""
    scratch = scratch_folder(folder)
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    return scratch


def _start(
    stack: ExitStack,
    command: Sequence[str],
    surroundings: Mapping[str, str],
    inventory: Any,
    log: Path,
    secrets: tuple[str, ...],
    lock: int | None,
) -> tuple[subprocess.Popen[str], Iterator[str], threading.Thread]:
    """Start Ansible with its inventory in memory; return it, its events, and the thread that keeps its output."""
    memory = stack.enter_context(os.fdopen(os.memfd_create("inventory"), "w", encoding="utf-8"))
    json.dump(inventory, memory)
    memory.flush()
    reading, writing = os.pipe()
    pipe = stack.enter_context(os.fdopen(reading, encoding="utf-8"))
    ways = {"SMARTCOMMUNE_INVENTORY": f"/dev/fd/{memory.fileno()}", "SMARTCOMMUNE_EVENTS": f"/dev/fd/{writing}"}
    try:
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command],
            cwd=paths.checkout(),
            env={**surroundings, **ways},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=[memory.fileno(), writing, *([] if lock is None else [lock])],
            start_new_session=True,
        )
    finally:
        os.close(writing)
    assert process.stdout is not None  # noqa: S101 (told to the type checker)
    thread = threading.Thread(target=_keep_output, args=(process.stdout, log, secrets), daemon=True)
    thread.start()
    return process, pipe, thread


def _keep_output(output: IO[str], log: Path, secrets: tuple[str, ...]) -> None:
    with output, log.open("w", encoding="utf-8") as file:
        for line in output:
            file.write(redact(line, secrets))


def _end(process: subprocess.Popen[str]) -> None:
    """End Ansible and its workers: asked first, then killed."""
    for number, patience in ((signal.SIGINT, GRACE), (signal.SIGKILL, None)):
        if process.poll() is None:
            os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        return


def _run_folder(folder: Path, playbook: str, *, check: bool) -> Path:
    """Return a new folder beside the runs' records for this playbook's log and events."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    made = folder / "runs" / f"{stamp}-{playbook}{'-check' if check else ''}"
    made.mkdir(parents=True)
    return made


def _measured(tracker: Tracker) -> dict[str, float]:
    """Return the times worth remembering, by the key that fits what happened in the role."""
    changed = tracker.changed_roles()
    return {
        (installing if (host, role) in changed else checking)(host, role): tracker.role_seconds[host, role]
        for host, role in tracker.finished_roles()
    }


def _broken(log: Path) -> ConvergeError:
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    words = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "no output")
    return ConvergeError(
        Text(vi=f"Ansible không chạy được: {words}", en=f"Ansible could not run: {words}"),
        todo=Text(vi=f"xem {paths.display(log)}", en=f"see {paths.display(log)}"),
    )
