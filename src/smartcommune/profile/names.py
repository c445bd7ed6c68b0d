"""Names and addresses that a profile gives to hosts and devices: what can be one, and what a wrong one may mean."""

from __future__ import annotations

import ipaddress
import re

from smartcommune.document.nearest import fold
from smartcommune.text import Text

_HOST_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
HOST_NAME_RULE = Text(
    vi="chữ thường không dấu, số và dấu gạch nối, bắt đầu bằng chữ",
    en="small letters without marks, digits and hyphens, beginning with a letter",
)


def is_host_name(name: str) -> bool:
    """Return whether ``name`` can be part of a domain name, as hosts and devices have it."""
    return _HOST_NAME.fullmatch(name) is not None


def hyphenate(name: str) -> str:
    """Return ``name`` in small letters without marks, and digits, joined by hyphens: ``Máy Chủ 1`` is ``may-chu-1``."""
    return re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")


def is_unicast(address: str) -> bool:
    """Return whether ``address`` is an IPv4 address that one machine can have."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return not (parsed.is_multicast or parsed.is_unspecified or parsed.is_reserved)
