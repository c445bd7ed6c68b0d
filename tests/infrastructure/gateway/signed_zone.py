"""A name server with two small signed zones: one whose signatures are good, one whose signatures are not.

Written out by RFC 4034 with Ed25519 (RFC 8080): it answers what a validating resolver asks on the way to one address.
"""

from __future__ import annotations

import base64
import socket
import struct
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

A, DNSKEY, OPT, RRSIG = 1, 48, 41, 46
ED25519, TTL, HALF_A_DAY = 15, 300, 43200
ADDRESS = "203.0.113.80"
GOOD, BOGUS = "ky-tot.example", "ky-hong.example"


def wire(name: str) -> bytes:
    """Return a name as it stands in a message."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(name: str, kind: int, data: bytes) -> bytes:
    """Return one resource record."""
    return wire(name) + struct.pack("!HHIH", kind, 1, TTL, len(data)) + data


@dataclass(frozen=True)
class Zone:
    """A signed zone with one address at its top; ``spoilt`` ones have signatures that belong to other data."""

    name: str
    spoilt: bool = False

    @property
    def key(self) -> Ed25519PrivateKey:
        """The zone's only key, always the same."""
        return Ed25519PrivateKey.from_private_bytes(wire(self.name).ljust(32, b"\0")[:32])

    @property
    def dnskey(self) -> bytes:
        """The key's record: zone key and secure entry point."""
        return struct.pack("!HBB", 257, 3, ED25519) + self.key.public_key().public_bytes_raw()

    @property
    def anchor(self) -> str:
        """The key as a trust anchor."""
        return f"{self.name}. DNSKEY 257 3 {ED25519} {base64.b64encode(self.dnskey[4:]).decode()}"

    @property
    def tag(self) -> int:
        """The key's tag (RFC 4034, appendix B)."""
        total = sum(byte << 8 if index % 2 == 0 else byte for index, byte in enumerate(self.dnskey))
        return (total + (total >> 16)) & 0xFFFF

    def answer(self, kind: int) -> bytes:
        """Return the records of a type with their signature; nothing for a type that the zone lacks."""
        data = {A: socket.inet_aton(ADDRESS), DNSKEY: self.dnskey}.get(kind)
        if data is None:
            return b""
        now = int(time.time())
        labels = self.name.count(".") + 1
        times = (TTL, now + HALF_A_DAY, now - HALF_A_DAY, self.tag)
        head = struct.pack("!HBBIIIH", kind, ED25519, labels, *times) + wire(self.name)
        signed = socket.inet_aton("203.0.113.81") if self.spoilt and kind == A else data
        signature = self.key.sign(head + record(self.name, kind, signed))
        return record(self.name, kind, data) + record(self.name, RRSIG, head + signature)


ZONES = (Zone(GOOD), Zone(BOGUS, spoilt=True))


def reply(question: bytes) -> bytes | None:
    """Return the answer to a message; None for what is no question of these zones."""
    end = question.index(b"\0", 12) + 5
    asked, kind = question[12 : end - 4].lower(), struct.unpack("!H", question[end - 4 : end - 2])[0]
    zone = next((zone for zone in ZONES if wire(zone.name) == asked), None)
    if zone is None:
        return None
    answer = zone.answer(kind)
    header = question[:2] + struct.pack("!HHHHH", 0x8500, 1, 2 if answer else 0, 0, 1)
    return header + question[12:end] + answer + b"\0" + struct.pack("!HHIH", OPT, 1232, 0x8000, 0)
