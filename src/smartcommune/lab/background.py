"""Processes that outlive the toolkit: a transient systemd unit where PID 1 is systemd, else a session of its own.

Both write their pid and start time to a file *before* they become the program, and both carry the lab's mark in their
environment, so that ``clean`` finds them even when the state was lost.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import smartcommune
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import MARK_VARIABLE
from smartcommune.lab.process import Process, load_process
from smartcommune.text import Text
from smartcommune.transports import lab_socket

# Field 22 of stat is the start time; a shell's name has no blanks. The new file appears whole.
_WRITE_PID = 'printf "%s %s\\n" $$ "$(cut -d" " -f22 /proc/$$/stat)" >"$0.new" && mv "$0.new" "$0" && exec "$@"'


def booted_with_systemd() -> bool:
    """Return whether PID 1 is systemd (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


@dataclass(frozen=True, slots=True)
class Background:
    """What shall run: the unit's name (without suffix), the program, where its pid and its output go, its mark."""

    unit: str
    argv: tuple[str, ...]
    pid_file: Path
    log: Path
    mark: str
    environment: tuple[tuple[str, str], ...] = ()
    properties: tuple[str, ...] = ()


def module_argv(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs one of the lab's programs with the standard library alone (9 MB, 15 ms)."""
    return (sys.executable, "-S", "-m", module, *arguments)


def _environment(mark: str) -> dict[str, str]:
    path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    source = str(Path(smartcommune.__file__).resolve().parents[1])
    return {"PATH": path, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", MARK_VARIABLE: mark}


def start(what: Background, timeout: float = 15) -> Process:
    """Start ``what`` and return its process; the caller has made sure that it does not run already.

    Raises LabError with the end of its log when it does not come up.
    """
    what.pid_file.unlink(missing_ok=True)
    what.log.parent.mkdir(parents=True, exist_ok=True)
    wrapped = ["/bin/sh", "-c", _WRITE_PID, str(what.pid_file), *what.argv]
    environment = _environment(what.mark) | dict(what.environment)
    if booted_with_systemd():
        forget_unit(what.unit)
        settings = [f"--setenv={key}={value}" for key, value in environment.items()]
        output = f"append:{what.log}"
        properties = [*what.properties, f"StandardOutput={output}", f"StandardError={output}"]
        options = [f"--property={item}" for item in properties]
        literal = [word.replace("$", "$$") for word in wrapped]  # systemd expands variables in what it runs
        run(["systemd-run", "--quiet", "--collect", f"--unit={what.unit}", *options, *settings, "--", *literal])
    else:
        with what.log.open("ab") as log:
            subprocess.run(
                ["setsid", "--fork", *wrapped],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                check=True,
            )
    end = time.monotonic() + timeout
    while True:
        written = what.pid_file.exists()  # asked before the process is: in between, it may come into being
        if process := load_process(what.pid_file):
            return process
        if written or time.monotonic() > end:
            raise _did_not_start(what)
        time.sleep(0.005)


def wait_listening(what: Background, process: Process, netns: str | None, address: str, port: int) -> None:
    """Wait until the program accepts connections; raises LabError with the end of its log when it ends before."""
    while process.alive:
        try:
            lab_socket.connect(netns, address, port, timeout=1).close()
        except OSError:
            process.wait(0.01)
        else:
            return
    raise _did_not_start(what)


def _did_not_start(what: Background) -> LabError:
    last = tail(what.log)
    return LabError(Text(vi=f"{what.unit} không khởi động được:\n{last}", en=f"{what.unit} did not start:\n{last}"))


def forget_unit(unit: str) -> None:
    """Wait until systemd is done with a unit (stopped if it still runs), so that its name is free; none is fine."""
    if booted_with_systemd():
        for verb in ("stop", "reset-failed"):
            subprocess.run(["systemctl", "--quiet", verb, f"{unit}.service"], capture_output=True, check=False)


def tail(log: Path, characters: int = 800) -> str:
    """Return the end of a log, empty when there is none."""
    try:
        return log.read_text(errors="replace").replace("\r", "")[-characters:]
    except FileNotFoundError:
        return ""


def marked_processes(start: str) -> dict[int, str]:
    """Return the processes whose mark begins with ``start``, each with its whole mark."""
    prefix = f"{MARK_VARIABLE}={start}".encode()
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # ended in between
        for variable in variables:
            if variable.startswith(prefix):
                found[int(entry.name)] = variable.partition(b"=")[2].decode()
    return found
