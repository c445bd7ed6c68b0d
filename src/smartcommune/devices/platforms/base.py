"""What a platform is: how its configuration is fetched and compared, and how a change is armed, sent and confirmed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from smartcommune.devices.errors import RefusedLineError
from smartcommune.devices.models import MASK, Armed, Comparison, Fetched, conceal, reveal
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smartcommune.site.models import Device
    from smartcommune.transports.netmiko import Session

REVERT_SECONDS = 60  # the shortest that all platforms offer: with a margin, 90 s after a change the device is back


class Platform(ABC):
    """One dialect. Nothing here opens a connection: sessions come from outside."""

    name: ClassVar[str]
    title: ClassVar[Text]
    device_type: ClassVar[str]  # Netmiko's
    prompt: ClassVar[str]
    refusals: ClassVar[re.Pattern[str]]  # what a device says of a line that it does not take
    secrets_shown: ClassVar[tuple[re.Pattern[str], ...]] = ()  # group 1 stays, the rest of the match is a secret
    question: ClassVar[str | None] = None  # how a device asks whether it may; it may
    keyed: ClassVar[bool] = False  # the toolkit's SSH key opens it; there is no password to replace
    undo_seconds: ClassVar[int] = 20  # from the end of the timer until the device answers again

    @abstractmethod
    def fetch(self, session: Session) -> Fetched:
        """Return the running and the saved configuration."""

    @abstractmethod
    def compare(self, device: Device, running: str, wanted: str) -> Comparison:
        """Return what leads from ``running`` to ``wanted``, in the parts that the toolkit owns on this device."""

    @abstractmethod
    def secret_lines(self, wanted: str, due: Iterable[str]) -> tuple[str, ...]:
        """Return the lines that give the device these secrets anew, without anything else."""

    @abstractmethod
    def arm(self, session: Session) -> Armed:
        """Set the way back; the session is then ready to take lines. Raises NoWayBackError, with nothing changed."""

    @abstractmethod
    def commit(self, session: Session, armed: Armed) -> None:
        """Let the lines that were sent take effect, where they do not at once."""

    @abstractmethod
    def confirm(self, first: Session, second: Session, armed: Armed) -> None:
        """Keep the change: ``first`` sent it, ``second`` came in after it."""

    @abstractmethod
    def undo(self, session: Session, armed: Armed) -> bool:
        """Take the change back now and return True, or False where that takes its time or is left to the timer."""

    @abstractmethod
    def save(self, session: Session) -> None:
        """Let what runs be what starts."""

    @abstractmethod
    def password_lines(self, device: Device, secret: str) -> tuple[str, ...]:
        """Return the lines that replace the account's password by the secret with this mark."""

    def send(self, session: Session, lines: Iterable[str], secrets: Mapping[str, str], device: str) -> None:
        """Send lines one by one; raises RefusedLineError at the first that the device does not take."""
        ends = f"{self.prompt}|{self.question}" if self.question else self.prompt
        for line in lines:
            answer = session.run(reveal(line, secrets).strip(), expect=ends)
            if self.question and re.search(self.question, answer):
                answer = session.run("y")
            if found := self.refusals.search(answer):
                raise RefusedLineError(device, self.redact(line).strip(), found[0].strip())

    def redact(self, text: str) -> str:
        """Return a configuration without the secrets in it, encrypted ones included."""
        for pattern in self.secrets_shown:
            text = pattern.sub(rf"\1{MASK}", text)
        return conceal(text)


def clean(answer: str, prompt: str) -> str:
    """Return an answer without the prompt at its end, with the line ends of Unix."""
    text = answer.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(prompt, "", text).strip("\n") + "\n"
