"""Asking hosts: all commands of a host in one round trip, all hosts at once, each over its one connection.

As the administrator, the answering program (``onhost``) travels in ssh's command line with the question and runs by
sudo; as an auditor it stands on the host, and only the question travels. A host that does not answer is told in a line.
"""

from __future__ import annotations

import base64
import shlex
import subprocess
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import orjson

from smartcommune.observe import onhost
from smartcommune.observe.models import HostObservations, Observation, Problem
from smartcommune.text import Text
from smartcommune.transports.ssh import last_words, no_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

AUDITOR = "auditor"
LONGEST_ARGUMENT = (
    120_000  # of one argument Linux takes 128 KiB; what is longer goes by standard input, a round trip more
)
AT_A_TIME, SECONDS, BYTES = 3, 10.0, 1 << 20
_PROBLEMS: dict[int, Problem] = {onhost.TIMEOUT: "timeout", onhost.TOO_BIG: "too_big", onhost.REFUSED: "refused"}
_CUT = Text(vi="câu trả lời bị cắt giữa chừng", en="the answer was cut short")


class Connection(Protocol):
    """A way to one host: takes a question, gives the raw answer."""

    def ask(self, question: bytes) -> subprocess.CompletedProcess[bytes]:
        """Put a packed question; raises TimeoutExpired when the host falls silent."""


@dataclass(frozen=True, slots=True)
class SshConnection:
    """By OpenSSH and a deployment's ``ssh_config``, whose kept connection all questions to the host share."""

    host: str
    ssh_config: Path
    auditor: bool = False
    key: Path | None = None
    patience: float = 120.0

    def ask(self, question: bytes) -> subprocess.CompletedProcess[bytes]:
        """Put a packed question; raises TimeoutExpired when the host falls silent."""
        command = "" if self.auditor else f"exec sudo -n /usr/bin/python3 -I -c {shlex.quote(_program())}"
        by_stdin = len(question) > LONGEST_ARGUMENT
        remote = [] if by_stdin else [question.decode() if self.auditor else shlex.quote(question.decode())]
        identity = ["-o", "IdentitiesOnly=yes", "-i", str(self.key)] if self.key else []
        login = ["-l", AUDITOR] if self.auditor else []
        argv = ["ssh", "-F", str(self.ssh_config), *identity, *login, self.host, " ".join([command, *remote]).strip()]
        given = question if by_stdin else b""
        return subprocess.run(argv, input=given, capture_output=True, check=False, timeout=self.patience)


def fetch(
    connections: Mapping[str, Connection],
    commands: Mapping[str, Sequence[str]],
    tell: Callable[[HostObservations], None] | None = None,
) -> dict[str, HostObservations]:
    """Return what each host of ``connections`` answers to its commands, asked once each; ``tell`` hears of each host.

    ``tell`` is called from several threads.
    """

    def of_host(name: str) -> HostObservations:
        seen = observe(name, connections[name], commands.get(name, ()))
        if tell is not None:
            tell(seen)
        return seen

    with ThreadPoolExecutor(max(1, len(connections))) as pool:
        return dict(zip(connections, pool.map(of_host, connections), strict=True))


def observe(host: str, connection: Connection, commands: Sequence[str]) -> HostObservations:
    """Return one host's answers; what it did not answer to is not among them, and ``reason`` says why."""
    asked = tuple(dict.fromkeys(commands))
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    reason: str | Text
    observations: tuple[Observation, ...] = ()
    reached = False
    try:
        done = connection.ask(pack(asked))
    except subprocess.TimeoutExpired as error:
        reason = no_answer(error.timeout)
    else:
        reached = onhost.MARKER in done.stdout
        observations = tuple(unpack(asked, done.stdout))
        if not reached:
            reason = last_words(done.stderr.decode(errors="replace"), done.returncode)
        else:
            reason = _CUT if len(observations) < len(asked) else ""
    seconds = round(time.monotonic() - clock, 3)
    return HostObservations(
        host=host, reached=reached, reason=reason, started=started, seconds=seconds, observations=observations
    )


def pack(commands: Sequence[str]) -> bytes:
    """Return a question as it travels."""
    question = {"c": list(commands), "p": AT_A_TIME, "t": SECONDS, "m": BYTES}
    return base64.b85encode(zlib.compress(orjson.dumps(question), 9))


def unpack(commands: Sequence[str], answer: bytes) -> list[Observation]:
    """Return the observations of an answer in the commands' order; of one that was cut, those that came whole."""
    data = _unzip(answer.partition(onhost.MARKER)[2])
    found: dict[int, Observation] = {}
    place = 0
    while place + onhost.FRAME.size <= len(data):
        index, status, out, err, began, seconds = onhost.FRAME.unpack_from(data, place)
        place += onhost.FRAME.size
        if place + out + err > len(data):
            break
        stdout, stderr = data[place : place + out], data[place + out : place + out + err]
        place += out + err
        found[index] = Observation.of(
            commands[index],
            status if status >= 0 else None,
            stdout,
            stderr,
            at=began,
            seconds=round(seconds, 4),
            problem=_PROBLEMS.get(status, ""),
        )
    return [found[index] for index in sorted(found)]


def _unzip(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(packed)
    except zlib.error:
        return b""


@cache
def _program() -> str:
    """Return the answering program as one line of Python."""
    source = zlib.compress(Path(onhost.__file__).read_bytes(), 9)
    packed = base64.b64encode(source).decode()
    return f'import zlib,base64;exec(zlib.decompress(base64.b64decode("{packed}")))'
