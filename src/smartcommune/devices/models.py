"""What is known of a device's configuration, as frozen data; nothing in it is a secret's value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "‹secret›"
_MARK = re.compile(r"‹([a-z][a-z0-9_-]*(?:/[a-z0-9_-]+)*)›")


def mark(secret: str) -> str:
    """Return what stands for a secret in a rendered configuration: its id between brackets that no device knows."""
    return f"‹{secret}›"


def marks(text: str) -> frozenset[str]:
    """Return the ids of the secrets that a text names."""
    return frozenset(_MARK.findall(text)) - {"secret"}


def reveal(line: str, secrets: Mapping[str, str]) -> str:
    """Return a line as it is sent; raises KeyError when a secret is not there."""
    return _MARK.sub(lambda found: secrets[found[1]], line)


def conceal(text: str) -> str:
    """Return a text with each secret's mark as the same mask, for comparing and showing."""
    return _MARK.sub(MASK, text)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A device's configurations as it shows them. ``saved`` is None where what runs is what is kept."""

    running: str
    saved: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is between two configurations: lines to send (secrets as marks), a diff to read, what is not ours.

    ``foreign`` counts the lines of the running configuration that the toolkit neither renders nor touches.
    """

    lines: tuple[str, ...]
    diff: str
    foreign: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether there is nothing to send."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class Armed:
    """A way back that runs on a device. ``mode`` is the platform's own word for its kind.

    ``takeover``: another session than the one that sent the change can confirm or undo it.
    """

    mode: str
    seconds: int
    takeover: bool = True


@dataclass(frozen=True, slots=True)
class Looked:
    """A device as it was found. ``unsaved``: what runs is as rendered, what would start after a power cut is not.

    ``secrets_due`` names secrets that the device may not have yet; ``first`` says that it was never met before,
    ``first_password`` that it still opens by the password that it came with.
    """

    name: str
    comparison: Comparison
    running: str = field(repr=False)
    host_key: str = ""
    unsaved: bool = False
    secrets_due: tuple[str, ...] = ()
    first: bool = False
    first_password: bool = False

    @property
    def secrets_apart(self) -> tuple[str, ...]:
        """The secrets that are due and no line of the difference carries."""
        carried = marks("\n".join(self.comparison.lines))
        return tuple(name for name in self.secrets_due if name not in carried)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to do."""
        return self.comparison.equal and not self.unsaved and not self.secrets_due and not self.first_password
