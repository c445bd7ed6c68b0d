"""Keeping secrets out of what is shown and kept: inventories, Ansible's output, checks' results, failures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.targets.outputs import Outputs

MASK = "********"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_SHORTEST = 8  # a shorter value, such as the last line of a key, would mask ordinary words


def secret_values(outputs: Outputs) -> tuple[str, ...]:
    """Return every value that must not be shown: whole secrets, and each line of a key, the longest first."""
    keys = [outputs.ssh.private, *(authority.private_key for authority in outputs.authorities.values())]
    lines = {line for key in keys for line in key.splitlines() if line and not line.startswith("-----")}
    return tuple(sorted({*outputs.secrets.values(), *lines}, key=len, reverse=True))


def redact(text: str, values: Iterable[str]) -> str:
    """Return ``text`` with each of ``values``, the longest first, replaced by ``MASK``."""
    for value in values:
        if len(value) >= _SHORTEST and value in text:
            text = text.replace(value, MASK)
    return text


def redact_with_keys(text: str, values: Iterable[str] = ()) -> str:
    """Return ``text`` without any of ``values``, and without private keys, known or not, whole or cut off."""
    return redact(_PRIVATE_KEY.sub(MASK, text), sorted(values, key=len, reverse=True))


def mask(value: Any, outputs: Outputs) -> Any:
    """Return plain data with every secret in it replaced by ``MASK``."""
    return _mask(value, secret_values(outputs))


def _mask(value: Any, values: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _mask(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item, values) for item in value]
    return redact(value, values) if isinstance(value, str) else value
