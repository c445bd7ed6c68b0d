#!/usr/bin/python3
"""Print what the agent cannot see by itself, as one JSON object: units, certificate, clock, mail, backup, uplinks.

One value a time instead of a dozen: on a weak link that counts. What this machine does not have is left out.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import json
import subprocess
import sys
import time
from pathlib import Path

NEVER = 10**9  # seconds: longer ago than any limit
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


class Timex(ctypes.Structure):
    """The head of the kernel's ``struct timex``, with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 400),
    )


STA_NANO = 0x2000


def run(*command: str) -> str:
    """Return what a command wrote; nothing where it fails or is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def units() -> dict:
    """Return how many units failed, and which."""
    listed = json.loads(run("systemctl", "list-units", "--state=failed", "--output=json", "--no-pager") or "[]")
    names = sorted(each["unit"] for each in listed)
    return {"failed": len(names), "names": ", ".join(names)[:250]}


def services(watched: list) -> list:
    """Return each service of the commune with whether its unit runs, under the names that discovery reads."""
    shown = (
        run("systemctl", "show", "--property=Id,ActiveState", "--", *(each["unit"] for each in watched))
        if watched
        else ""
    )
    blocks = (dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n") if block)
    states = {block["Id"]: block["ActiveState"] for block in blocks}
    return [
        {
            "{#SERVICE}": each["name"],
            "{#TITLE}": each["title"],
            "{#UNIT}": each["unit"],
            "name": each["name"],
            "running": int(states.get(each["unit"]) in ("active", "reloading", "refreshing")),
        }
        for each in watched
    ]


def certificate(path: str) -> dict | None:
    """Return for how many days the machine's certificate holds."""
    written = (
        run("openssl", "x509", "-in", path, "-noout", "-enddate", "-dateopt", "iso_8601").partition("=")[2].strip()
    )
    if not written:
        return None
    left = datetime.datetime.fromisoformat(written) - datetime.datetime.now(datetime.UTC)
    return {"days": round(left.total_seconds() / 86400, 2)}


def clock() -> dict | None:
    """Return what the kernel knows of its clock; a container has none of its own."""
    if Path("/run/systemd/container").exists():
        return None
    timex = Timex()
    state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    if state < 0:
        return None
    return {
        "offset": timex.offset / (1e9 if timex.status & STA_NANO else 1e6),
        "synchronised": int(state != TIME_ERROR),
    }


def mail() -> dict | None:
    """Return how much mail waits, and since when."""
    if not Path("/usr/sbin/postqueue").exists():
        return None
    arrived = [json.loads(line)["arrival_time"] for line in run("/usr/sbin/postqueue", "-j").splitlines()]
    return {"waiting": len(arrived), "oldest": max(0, int(time.time()) - min(arrived)) if arrived else 0}


def backup(paths: dict) -> dict | None:
    """Return how long ago each kind of backup that this machine does succeeded last, in seconds."""
    ages = {}
    for kind, path in paths.items():
        with contextlib.suppress(OSError, ValueError):
            last = json.loads(Path(path).read_text(encoding="utf-8")).get("last_success")
            ages[kind] = max(0, int(time.time() - moment(last["finished"]).timestamp())) if last else NEVER
    return ages or None


def moment(text: str) -> datetime.datetime:
    """Return a moment from its text, which is UTC unless it says otherwise."""
    read = datetime.datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=datetime.UTC)


def uplinks(path: str) -> dict | None:
    """Return which link to the Internet a router uses, and how many work."""
    with contextlib.suppress(OSError, ValueError):
        state = json.loads(Path(path).read_text(encoding="utf-8"))
        return {"active": state["active"] or "", "alive": sum(map(bool, state["alive"].values()))}
    return None


def main() -> None:
    """Look, and print what there is."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    state = {
        "units": units(),
        "services": services(settings["services"]),
        "certificate": certificate(settings["certificate"]),
        "clock": clock(),
        "mail": mail(),
        "backup": backup(settings["backup"]),
        "uplinks": uplinks(settings["uplinks"]),
    }
    print(json.dumps({name: value for name, value in state.items() if value is not None}, ensure_ascii=False))


if __name__ == "__main__":
    main()
