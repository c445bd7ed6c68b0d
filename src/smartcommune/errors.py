"""The one error root, and one subclass for each decision that a caller can take.

Errors are raised plainly and displayed once, by the command line, which turns them into exit codes.
"""

from __future__ import annotations

from smartcommune.text import Text


class SmartCommuneError(Exception):
    """Root of all errors a user can meet. Carries a message in both languages and what to do about it."""

    exit_code = 1

    def __init__(self, message: Text, *, todo: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.todo = todo


class UsageError(SmartCommuneError):
    """Wrong use or invalid input: nothing was touched (exit code 2)."""

    exit_code = 2


class NotReachedError(SmartCommuneError):
    """A host could not be reached; what did not need it is done (exit code 4)."""

    exit_code = 4


class LockedError(SmartCommuneError):
    """Another run holds the lock; the message names the holder, since when, and how to release it."""


class ToolMissingError(SmartCommuneError):
    """A program this machine needs is absent; ``todo`` names the command that installs it."""


class NotProvisionedError(UsageError):
    """The commune has no machines on this target yet; ``todo`` names the command that makes them."""


class PlanChangedError(UsageError):
    """A saved plan no longer describes the inputs and the machines as they are; nothing was touched."""


class InterruptedRunError(SmartCommuneError):
    """The run was stopped by the user or by a signal; the same command again resumes it (exit code 130)."""

    exit_code = 130
