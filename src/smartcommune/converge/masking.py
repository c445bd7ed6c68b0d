"""Keeping secrets out of what is shown: in inventories and in Ansible's output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.targets.outputs import Outputs

MASK = "********"


def secret_values(outputs: Outputs) -> tuple[str, ...]:
    """Return every value that must not be shown: whole secrets, and each line of a key, the longest first."""
    keys = [outputs.ssh.private, *(authority.private_key for authority in outputs.authorities.values())]
    lines = {line for key in keys for line in key.splitlines() if line and not line.startswith("-----")}
    return tuple(sorted({*outputs.secrets.values(), *lines}, key=len, reverse=True))


def redact(text: str, values: Iterable[str]) -> str:
    """Return ``text`` with each of ``values`` replaced by ``MASK``."""
    for value in values:
        if value in text:
            text = text.replace(value, MASK)
    return text


def mask(value: Any, outputs: Outputs) -> Any:
    """Return plain data with every secret in it replaced by ``MASK``."""
    return _mask(value, secret_values(outputs))


def _mask(value: Any, values: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _mask(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item, values) for item in value]
    return redact(value, values) if isinstance(value, str) else value
