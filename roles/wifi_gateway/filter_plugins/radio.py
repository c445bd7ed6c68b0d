"""Ansible filters of the radios: the networks of each card as hostapd takes them, accounts as freeradius does; pure."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import struct
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PROGRAM = Path(__file__).parents[1] / "files" / "usr" / "local" / "sbin" / "commune-radio"
_LOCAL = 0x02  # of an address's first byte: not from a manufacturer


def own_radios(plan: Mapping[str, Mapping[str, Any]], host: str) -> dict[str, dict[str, Any]]:
    """Return the radios of one host by their interface: those that name it, and those that name none."""
    return {radio["interface"]: dict(radio) for radio in plan.values() if radio["host"] in (None, host)}


def radio_networks(radio: Mapping[str, Any], networks: Sequence[Mapping[str, Any]], mac: str) -> list[dict[str, Any]]:
    """Return what a card sends, its own interface first; each further network has an interface and an address.

    OWE in transition is two: an open one that people see, and the encrypted one that newer devices are led to.
    """
    sent: list[dict[str, Any]] = []
    for network in networks:
        if network["ssid"] not in radio["networks"]:
            continue
        common = {
            "ssid": network["ssid"],
            "zone": network["zone"],
            "transition": network["transition"],
            "hidden": False,
        }
        common["airtime"] = radio["airtime"][network["ssid"]]
        if network["security"] == "owe" and network["transition"]:
            seen, hidden = _name(radio, len(sent)), _name(radio, len(sent) + 1)
            sent.append(common | {"security": "open", "leads_to": hidden})
            inner = {
                "security": "owe",
                "leads_to": seen,
                "hidden": True,
                "ssid": f"owe-{radio['interface']}-{len(sent)}",
            }
            sent.append(common | inner)
        else:
            sent.append(common | {"security": network["security"], "leads_to": None})
    return [
        each | {"interface": _name(radio, index), "address": _address(mac, index)} for index, each in enumerate(sent)
    ]


def _name(radio: Mapping[str, Any], index: int) -> str:
    return f"{radio['interface']}_{index}" if index else str(radio["interface"])


def _address(mac: str, index: int) -> str:
    """Return the address of a card's ``index``-th network: further ones only set bits of the first byte.

    hostapd wants the card's own address to be the first of the block that they span.
    """
    first, rest = int(mac[:2], 16), mac[2:]
    free = [1 << bit for bit in range(2, 8) if not first & 1 << bit]
    more = index if first & _LOCAL else index - 1
    added = sum(bit for place, bit in enumerate(free) if more > 0 and more >> place & 1)
    return f"{first | (_LOCAL if index else 0) | added:02x}{rest}"


def account_hashes(names: Sequence[str], key: str) -> dict[str, str]:
    """Return the NT hash of each account's password: what MS-CHAPv2 is answered from."""
    return {name: md4(_password_of()(key, name).encode("utf-16-le")).hex() for name in names}


def _password_of() -> Callable[[str, str], str]:
    """Return the function of the gateway's own program, so that both sides make the same password."""
    loader = importlib.machinery.SourceFileLoader("commune_radio", str(_PROGRAM))
    spec = importlib.util.spec_from_loader("commune_radio", loader)
    assert spec is not None  # noqa: S101 - a loader was given
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    made: Callable[[str, str], str] = module.password_of
    return made


def md4(text: bytes) -> bytes:
    """Return the MD4 digest (RFC 1320), which today's OpenSSL offers no more."""
    padded = text + b"\x80" + bytes(-(len(text) + 9) % 64) + struct.pack("<Q", 8 * len(text))
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    rounds = (
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999, [4 * (i % 4) + i // 4 for i in range(16)], (3, 5, 9, 13)),
        (
            lambda x, y, z: x ^ y ^ z,
            0x6ED9EBA1,
            (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
            (3, 9, 11, 15),
        ),
    )
    for start in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[start : start + 64])
        a, b, c, d = state
        for mix, constant, order, shifts in rounds:
            for index, shift in zip(order, cycle(shifts), strict=False):
                value = (a + mix(b, c, d) + words[index] + constant) & 0xFFFFFFFF
                a, b, c, d = d, (value << shift | value >> 32 - shift) & 0xFFFFFFFF, b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


class FilterModule:
    """The filters of the radios."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"own_radios": own_radios, "radio_networks": radio_networks, "account_hashes": account_hashes}
