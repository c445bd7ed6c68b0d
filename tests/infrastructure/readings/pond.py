"""A pond in the lab: what its sensors show, what the gateway holds, what the server has, which letters wait."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.deployment import Deployment
from tests.waiting import wait_until

SERVER, GATEWAY = "server-1", "gateway-1"
POND, COUNTER = "ao-1-oxy", "dem"
PATIENCE = 120.0
NO_CONNECTION = 2  # psql's exit status
LETTERS = (
    """postqueue -j | sed -n 's/.*"queue_id": "\\([^"]*\\)".*/\\1/p' | xargs --no-run-if-empty -n1 postcat -h -q"""
)
_PLAYS = count()


@dataclass
class Play:
    """Sensors that are being played; ``begun`` is a moment (monotonic) before the first value was shown."""

    program: subprocess.Popen[str]
    begun: float
    said: Path

    def end(self) -> None:
        """Wait for the last value; fails the test when not all was shown."""
        assert self.program.wait(600) == 0, self.said.read_text(encoding="utf-8")


@dataclass
class Pond:
    """The commune of these tests."""

    commune: Deployment
    folder: Path

    @contextmanager
    def playing(self, sensor: str, every: float, values: Mapping[str, Sequence[float]]) -> Iterator[Play]:
        """Play a series for each quantity of a sensor by ``smartcommune lab sensor``; the block ends with the play."""
        number = next(_PLAYS)
        recording, said = self.folder / f"{number}.csv", self.folder / f"{number}.log"
        with recording.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([list(values), *zip(*values.values(), strict=True)])
        length = len(next(iter(values.values())))
        words = ["lab", "sensor", str(self.commune.profile), sensor, "--csv", str(recording)]
        with said.open("w", encoding="utf-8") as output:
            program = subprocess.Popen(
                [sys.executable, "-m", "smartcommune", *words, "--count", str(length), "--every", str(every)],
                env=os.environ | {"SMARTCOMMUNE_STATE": str(self.commune.state), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        try:
            wait(lambda: sensor in said.read_text(encoding="utf-8") or program.poll() is not None, "the player starts")
            play = Play(program, time.monotonic(), said)
            yield play
            play.end()
        finally:
            if program.poll() is None:
                program.terminate()
                program.wait(60)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what the server's database answers, once it does."""
        words = f"SELECT coalesce(json_agg(each), '[]') FROM ({query}) AS each"
        psql = f"cd / && runuser -u postgres -- psql --no-psqlrc -d readings -Atc {shlex.quote(words)}"
        said: list[str] = []

        def answers() -> bool:
            said.append(self.commune.on(SERVER, psql, codes=(0, NO_CONNECTION)))
            return bool(said[-1])

        wait(answers, "the database answers")
        found: list[dict[str, Any]] = json.loads(said[-1])
        return found

    def change(self, statement: str) -> None:
        """Change the server's database by hand."""
        psql = f"runuser -u postgres -- psql --no-psqlrc -v ON_ERROR_STOP=1 -d readings -qc {shlex.quote(statement)}"
        self.commune.on(SERVER, f"cd / && {psql}")

    def alerts(self, kind: str, after: int = 0) -> list[dict[str, Any]]:
        """Return the pond's alerts of a kind that are younger than one."""
        return self.ask(f"SELECT * FROM alert WHERE sensor = '{POND}' AND kind = '{kind}' AND id > {after} ORDER BY id")

    def last_alert(self) -> int:
        """Return the number of the youngest alert."""
        return int(self.ask("SELECT coalesce(max(id), 0) AS last FROM alert")[0]["last"])

    def letters(self) -> list[str]:
        """Return the identities of all letters that wait in the server's queue."""
        return re.findall(r"(?im)^message-id: <(.*?)@", self.commune.on(SERVER, LETTERS))

    def fqdn(self, host: str) -> str:
        """Return a host's full name."""
        return next(each.fqdn for each in self.commune.site.hosts if each.name == host)

    def waiting(self) -> int:
        """Return how many readings the gateway still holds."""
        return int(json.loads(self.commune.on(GATEWAY, "/usr/local/sbin/sensor-gateway count"))["outbox"])

    def wait_until_settled(self) -> None:
        """Wait until the server has acknowledged all that the gateway took."""
        wait(lambda: self.waiting() == 0, "all readings are acknowledged")

    def turns(self, number: int) -> None:
        """Wait until the ingest has looked at silence and notices that many times more."""
        read = "cat /run/readings/status.json"
        for _ in range(number):
            before = self.commune.on(SERVER, read)
            wait(lambda before=before: self.commune.on(SERVER, read) != before, "the ingest turns")  # type: ignore[misc]

    def numbers(self) -> dict[str, int]:
        """Return of the gateway's numbers the first, the last, how many rows there are, and how many different ones."""
        columns = "min(sequence) AS first, max(sequence) AS last, count(*) AS rows, count(DISTINCT sequence) AS numbers"
        (found,) = self.ask(f"SELECT {columns} FROM reading WHERE gateway = '{self.fqdn(GATEWAY)}'")
        return found

    def assert_whole(self) -> None:
        """Nothing is lost and nothing double: the numbers stand without a hole, each once, and are acknowledged."""
        found = self.numbers()
        (gateway,) = self.ask(f"SELECT through, highest FROM gateway WHERE gateway = '{self.fqdn(GATEWAY)}'")
        assert found["rows"] == found["numbers"] == found["last"] - found["first"] + 1, found
        assert gateway == {"through": found["last"], "highest": found["last"]}

    def counted(self, after: int) -> list[float]:
        """Return the counter's values behind a number of the gateway, sorted, as often as the server has them."""
        query = f"SELECT value FROM reading WHERE sensor = '{COUNTER}' AND sequence > {after} ORDER BY value"
        return [row["value"] for row in self.ask(query)]

    def settled(self) -> int:
        """Wait until all is acknowledged; return the gateway's last number."""
        self.wait_until_settled()
        return self.numbers()["last"] or 0


def wait(holds: Callable[[], object], what: str, *, patience: float = PATIENCE, step: float = 0.2) -> None:
    """Wait until something holds; fails the test with what it was."""
    wait_until(holds, what, seconds=patience, step=step)
