"""A small MQTT 3.1.1 device: it logs in over TLS, publishes with QoS 1, and waits for each acknowledgement.

Written from the OASIS standard «MQTT Version 3.1.1», independently of the gateway's client.
"""

from __future__ import annotations

import socket
import ssl
import struct
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
QOS1, DUP = 0x02, 0x08
KEEPALIVE = 600


class RefusedError(OSError):
    """The broker does not let the device in."""


@dataclass
class Device:
    """A connection of one device; ``name`` is the name in the broker's certificate."""

    host: str
    port: int
    name: str
    authority: str
    user: str
    password: str
    timeout: float = 5.0
    _socket: ssl.SSLSocket | None = field(default=None, repr=False)
    _number: int = 0

    def connect(self) -> None:
        """Log in; raises OSError, RefusedError when the account is not let in."""
        context = ssl.create_default_context(cadata=self.authority)
        plain = socket.create_connection((self.host, self.port), self.timeout)
        try:
            self._socket = context.wrap_socket(plain, server_hostname=self.name)
        except OSError:
            plain.close()
            raise
        # clean session, user name and password
        head = text("MQTT") + bytes((4, 0xC2)) + struct.pack(">H", KEEPALIVE)
        self._send(CONNECT, head + text(f"lab-{self.user}") + text(self.user) + text(self.password))
        kind, body = self._receive()
        if kind != CONNACK or body[1] != 0:
            self.close()
            raise RefusedError(f"the broker refuses {self.user}: {body.hex()}")

    def publish(self, topic: str, payload: bytes, *, again: bool = False) -> None:
        """Publish, and return once the broker has acknowledged it; raises OSError. ``again``: it may have come."""
        if not again:
            self._number = self._number % 0xFFFF + 1
        body = text(topic) + struct.pack(">H", self._number) + payload
        self._send(PUBLISH | QOS1 | (DUP if again else 0), body)
        while True:
            kind, answer = self._receive()
            if kind == PUBACK and struct.unpack(">H", answer) == (self._number,):
                return

    def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, kind: int, body: bytes) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        self._socket.sendall(bytes((kind,)) + length(len(body)) + body)

    def _receive(self) -> tuple[int, bytes]:
        kind = self._read(1)[0]
        size = shift = 0
        while True:
            byte = self._read(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        return kind & 0xF0, self._read(size) if size else b""

    def _read(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = self._socket.recv(count - len(found)) if self._socket is not None else b""
            if not more:
                raise ConnectionError("the broker has gone")
            found += more
        return found


def text(value: str) -> bytes:
    """Return a text as MQTT writes it: its length, and UTF-8."""
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def length(number: int) -> bytes:
    """Return a packet's remaining length as MQTT writes it."""
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)
