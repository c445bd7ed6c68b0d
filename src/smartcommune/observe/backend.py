"""Testinfra over observations: ``host`` answers from what was seen of a host, and touches no host.

A test that asks for what was not observed ends with NotObserved, so that nothing passes by absence; one whose answer
was cut, refused or late ends with UnansweredError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

if TYPE_CHECKING:
    from smartcommune.observe.models import HostObservations, Problem

NAME = "observed"


class NotObserved(BaseException):
    """A command's answer is not among the observations; ``command`` is what to ask for."""

    def __init__(self, host: str, command: str) -> None:
        super().__init__(f"{host} was not asked: {command}")
        self.command = command


class UnansweredError(Exception):
    """A command was asked and gave no answer; ``problem`` says why."""

    def __init__(self, host: str, command: str, problem: Problem) -> None:
        super().__init__(f"{host} gave no answer ({problem}): {command}")
        self.command, self.problem = command, problem


class ObservedBackend(BaseBackend):  # type: ignore[misc]  # Testinfra says nothing of its types to others
    """Answers the commands of Testinfra's modules; ``asked`` are those that were asked for, in order."""

    NAME = NAME

    def __init__(self, hostname: str, *args: Any, **options: Any) -> None:
        super().__init__(hostname, *args, **options)
        self.asked: list[str] = []
        self._answers: dict[str, Any] = {}

    def give(self, observations: HostObservations) -> None:
        """Answer from these observations from now on."""
        self._answers = dict(observations.by_command())

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:
        """Return the answer that was seen. Raises NotObserved or UnansweredError."""
        asked = self.get_command(command, *args)
        self.asked.append(asked)
        if (seen := self._answers.get(asked)) is None:
            raise NotObserved(self.hostname, asked)
        if seen.status is None:
            raise UnansweredError(self.hostname, asked, seen.problem)
        return self.result(seen.status, asked.encode(), *seen.output())

    def get_sudo_command(self, command: str, sudo_user: str | None) -> str:
        """Return the command as it is for root, who asks anyway."""
        return command if sudo_user is None else str(super().get_sudo_command(command, sudo_user))

    def get_encoding(self) -> str:
        """Return the encoding of every host's answers; it is not asked for."""
        return "UTF-8"


testinfra.backend.BACKENDS[NAME] = f"{__name__}.{ObservedBackend.__name__}"


def observed_host(observations: HostObservations) -> Host:
    """Return Testinfra's ``host`` that answers from one host's observations."""
    backend = ObservedBackend(observations.host)
    backend.give(observations)
    host = Host(backend)
    backend.set_host(host)
    return host
