"""Passwords and tokens from the system's random source, without characters that people mix up."""

from __future__ import annotations

import secrets
import string
from typing import Literal

AMBIGUOUS = frozenset("0Oo1lI")
LETTERS = "".join(sorted(set(string.ascii_letters) - AMBIGUOUS))
DIGITS = "".join(sorted(set(string.digits) - AMBIGUOUS))
ALPHABET = LETTERS + DIGITS  # 56 characters: 5.8 bits each, safe in configuration files, URLs and on paper

Kind = Literal["password", "token"]


def generate(kind: Kind, length: int) -> str:
    """Return ``length`` random characters; a password has lower case, upper case and a digit.

    Drawing again until all three are there keeps every fitting password equally likely.
    """
    while True:
        value = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if kind == "token" or (
            any(map(str.islower, value)) and any(map(str.isupper, value)) and any(map(str.isdigit, value))
        ):
            return value
