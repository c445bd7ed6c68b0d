"""What can go wrong in the lab, one class for each decision that a caller can take."""

from __future__ import annotations

from smartcommune.errors import SmartCommuneError, UsageError


class LabError(SmartCommuneError):
    """The lab could not do what it was asked; running the same command again is safe."""


class LabUsageError(UsageError):
    """The lab was asked for something that is not there, or by a user without the right; nothing was touched."""


class MachineError(LabError):
    """A machine did not start, died, or does not answer; the message carries the end of its console."""


class MustReplaceError(LabError):
    """A machine is there but only a new one could be as it shall be: destroy it first."""


class OwnedByOtherError(LabError):
    """A machine or network of this name belongs to somebody else and is left alone."""
