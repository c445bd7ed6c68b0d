"""What a host answered: one observation a command, kept as it came; the base of every judgement."""

from __future__ import annotations

import base64
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from smartcommune.text import Text

Problem = Literal["", "timeout", "too_big", "refused"]
Encoding = Literal["utf-8", "base64"]


class Record(BaseModel):
    """Frozen and closed: what was seen is not edited afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Observation(Record):
    """The answer to one command, run by the host's shell as root.

    ``status`` is None where there was no answer, and ``problem`` says why: no end within the time allowed, more output
    than is taken, or not on the host's list of what an auditor may ask.
    """

    command: str
    status: int | None
    stdout: str = ""
    stderr: str = ""
    encoding: Encoding = Field(default="utf-8", description="how both outputs are written here")
    at: float = Field(description="when it began: seconds since the epoch, by the host's clock")
    seconds: float = 0.0
    problem: Problem = ""

    @classmethod
    def of(cls, command: str, status: int | None, stdout: bytes, stderr: bytes, **rest: Any) -> Observation:
        """Return an answer as it is kept: as text where both outputs are UTF-8, else as base64."""
        try:
            return cls(command=command, status=status, stdout=stdout.decode(), stderr=stderr.decode(), **rest)
        except UnicodeDecodeError:
            out, err = (base64.b64encode(part).decode() for part in (stdout, stderr))
            return cls(command=command, status=status, stdout=out, stderr=err, encoding="base64", **rest)

    def output(self) -> tuple[bytes, bytes]:
        """Return standard output and standard error as they came."""
        if self.encoding == "base64":
            return base64.b64decode(self.stdout), base64.b64decode(self.stderr)
        return self.stdout.encode(), self.stderr.encode()


class HostObservations(Record):
    """All that was asked of one host in one sitting, or why it did not answer.

    ``started`` is UTC in ISO 8601.
    """

    host: str
    reached: bool
    reason: str | Text = ""
    started: str
    seconds: float = 0.0
    observations: tuple[Observation, ...] = ()

    def by_command(self) -> dict[str, Observation]:
        """Return the answers by their commands; of the same question asked twice, the later one."""
        return {observation.command: observation for observation in self.observations}
