#!/usr/bin/python3
"""The way back of a FRR router: takes the configuration back unless the toolkit confirms it in time.

FRR has no revert timer, and who logs in to vtysh has no shell to set one. So the toolkit arms through FRR's own
configuration, by the description of a prefix list that nothing uses:

    ip prefix-list commune-revert description armed 60     the toolkit, before a change
    ip prefix-list commune-revert description watched 60   this guard, once it has kept what runs
    no ip prefix-list commune-revert                       the toolkit, to confirm
    ip prefix-list commune-revert description undo         the toolkit, to undo at once

A change that is not confirmed goes when the seconds are over, whoever is still connected. After a reboot FRR starts
with what was saved last, which is what ran before the change. Standard library and frr-pythontools only.
"""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

NAME = "commune-revert"
VTY = "/run/frr/zebra.vty"
FOLDER = Path("/run/commune-frr-guard")
RELOAD = "/usr/lib/frr/frr-reload.py"
PERIOD = 1.0
LONGEST = 600
_WORD = re.compile(r"Description: (armed|watched|undo)(?: (\d+))?\s*$", re.MULTILINE)


def now() -> float:
    """Return seconds since boot: a clock that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def ask(command: str) -> str:
    """Return zebra's answer to one command, over its own socket: a third of a millisecond, no process."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(VTY)
        for text in ("enable", command):
            connection.sendall(text.encode() + b"\0")
            answer = b""
            while len(answer) < 4 or answer[-4:-1] != b"\0\0\0":
                part = connection.recv(65536)
                if not part:
                    return ""
                answer += part
    return answer[:-4].decode(errors="replace")


def vtysh(*commands: str) -> str:
    """Run commands in vtysh."""
    argv = ["vtysh", *(part for command in commands for part in ("-c", command))]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


class Guard:
    """Watches the word and keeps its promise over its own restart."""

    def __init__(self) -> None:
        self.before = FOLDER / "before.conf"
        self.state = FOLDER / "state.json"
        self.deadline: float | None = None
        if self.state.exists():
            self.deadline = float(json.loads(self.state.read_text())["deadline"])

    def step(self) -> None:
        """Look once, and do what the word asks for."""
        found = _WORD.search(ask(f"show ip prefix-list {NAME}"))
        word, seconds = (found[1], int(found[2] or 0)) if found else (None, 0)
        if word == "armed":
            self.arm(min(max(seconds, 1), LONGEST))
        elif word is None and self.deadline is not None:
            self.forget()
        elif word == "undo" or (self.deadline is not None and now() >= self.deadline):
            self.revert()
        elif word == "watched" and self.deadline is None:  # its promise was lost with /run: keep the safe side
            self.deadline = now() + seconds

    def arm(self, seconds: int) -> None:
        """Keep what runs, then say so."""
        _, _, shown = vtysh("show running-config").partition("Current configuration:\n")
        lines = (line for line in shown.splitlines() if NAME not in line)
        self.before.write_text("\n".join(lines) + "\n")
        self.deadline = now() + seconds
        self.state.write_text(json.dumps({"deadline": self.deadline}))
        vtysh("configure terminal", f"ip prefix-list {NAME} description watched {seconds}")
        print(f"watching: {seconds} s", flush=True)

    def revert(self) -> None:
        """Bring back what ran before."""
        print("reverting", flush=True)
        if self.before.exists():
            subprocess.run([RELOAD, "--reload", str(self.before)], check=True, timeout=60)
        subprocess.run(["vtysh", "-c", "configure terminal", "-c", f"no ip prefix-list {NAME}"], check=False)
        self.forget()

    def forget(self) -> None:
        """The change is confirmed or gone."""
        self.deadline = None
        self.state.unlink(missing_ok=True)
        self.before.unlink(missing_ok=True)
        print("done", flush=True)


def main() -> int:
    """Watch until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    guard = Guard()
    while True:
        try:
            guard.step()
        except (OSError, subprocess.SubprocessError) as error:  # FRR restarts, say: look again
            print(f"will look again: {error}", flush=True)
        time.sleep(PERIOD)


if __name__ == "__main__":
    sys.exit(main())
