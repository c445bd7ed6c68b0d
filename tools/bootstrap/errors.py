"""What can go wrong while this computer is prepared."""

from __future__ import annotations


class SetupError(Exception):
    """A step failed; carries the message in both languages, with what to do."""

    def __init__(self, *, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en
