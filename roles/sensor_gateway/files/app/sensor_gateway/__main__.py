"""``sensor-gateway run | health | count | copy | merge``: the collector, how it is, and its outbox."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from sensor_gateway.outbox import Outbox

SETTINGS = Path("/etc/sensor-gateway/settings.json")
OLD = 60  # seconds after which a status says nothing any more


def main(words: list[str]) -> int:
    """Run one command and return the exit status."""
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    commands = {"run": run, "health": health, "count": count, "copy": copy, "merge": merge}
    if len(words) != 1 or words[0] not in commands:
        print(f"usage: sensor-gateway {' | '.join(commands)}", file=sys.stderr)
        return 2
    return commands[words[0]](settings)


def run(settings: dict[str, Any]) -> int:
    """Collect until told to end."""
    from sensor_gateway.collector import Collector

    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the collector itself tells what does not answer, once
    credentials = Path(os.environ["CREDENTIALS_DIRECTORY"])
    settings["broker"]["password"] = (credentials / "password").read_text(encoding="utf-8").strip()
    Collector(settings).run()
    return 0


def health(settings: dict[str, Any]) -> int:
    """Say how the collector is: 0 when it runs, reaches the local broker and refuses nothing."""
    try:
        status = json.loads(Path(settings["status"]).read_text(encoding="utf-8"))
    except FileNotFoundError:
        print("the collector does not run", file=sys.stderr)
        return 1
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(status["time"])
    faults = [
        text
        for text, holds in (
            ("the collector stands still", age.total_seconds() > OLD),
            ("the collector does not reach the local broker", not status["broker"]),
            (f"the outbox is full: {status['refused']} readings were refused", status["refused"] > 0),
        )
        if holds
    ]
    print(json.dumps({**status, "faults": faults}))
    return 1 if faults else 0


def count(settings: dict[str, Any]) -> int:
    """Say what waits in the outbox."""
    with _outbox(settings) as outbox:
        rows, oldest, used = outbox.size()
    print(json.dumps({"outbox": rows, "oldest": oldest, "bytes": used}))
    return 0


def copy(settings: dict[str, Any]) -> int:
    """Copy the outbox for a backup, and say where to."""
    path = Path(settings["outbox"]["beside"])
    path.unlink(missing_ok=True)
    with _outbox(settings) as outbox:
        outbox.copy(path)
    print(json.dumps({"copy": str(path)}))
    return 0


def merge(settings: dict[str, Any]) -> int:
    """Take back what a copy holds and the outbox does not."""
    with _outbox(settings) as outbox:
        taken = outbox.merge(Path(settings["outbox"]["beside"]))
    print(json.dumps({"merged": taken}))
    return 0


def _outbox(settings: dict[str, Any]) -> contextlib.closing[Outbox]:
    return contextlib.closing(Outbox(Path(settings["outbox"]["path"]), limit=settings["outbox"]["limit"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
