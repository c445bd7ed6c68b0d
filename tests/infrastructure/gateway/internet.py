"""What lies beyond the operator: a name server, a clock, and a host that tells clients whose address they have there.

All sockets are in the lab's own network namespace; each serves in a thread of the test's process.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from smartcommune.lab.namespaces import in_network
from tests.infrastructure.gateway import signed_zone

PORT = 443
WHO, STREAM, SINK = b"w", b"s", b"u"
SECONDS = 8.0  # that a stream lasts at most
NTP_EPOCH = 2208988800
CHUNK = bytes(16384)


def open_socket(
    netns: Path,
    kind: socket.SocketKind,
    address: tuple[str, int] | None = None,
    *,
    family: socket.AddressFamily = socket.AF_INET,
) -> socket.socket:
    """Return a socket in a namespace, bound to ``address`` if given."""
    with in_network(netns):
        made = socket.socket(family, kind)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address is not None:
        made.bind(address)
    return made


class Internet:
    """The services, for as long as a block lasts; ``asked`` has the addresses that asked the name server."""

    def __init__(self, netns: Path, address: str) -> None:
        self.address = address
        self.asked: set[str] = set()
        self._netns = netns
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._datagrams(53, self._name)
        self._datagrams(123, self._clock)
        self._datagrams(PORT, lambda _, client: client[0].encode())
        listener = self._bound(socket.SOCK_STREAM, PORT)
        listener.listen(64)
        self._start(lambda: self._accept(listener))
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _bound(self, kind: socket.SocketKind, port: int) -> socket.socket:
        made = open_socket(self._netns, kind, (self.address, port))
        made.settimeout(0.2)
        self._sockets.append(made)
        return made

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _datagrams(self, port: int, answer: Callable[[bytes, tuple[str, int]], bytes | None]) -> None:
        bound = self._bound(socket.SOCK_DGRAM, port)

        def serve() -> None:
            while not self._over.is_set():
                with contextlib.suppress(OSError):
                    packet, client = bound.recvfrom(4096)
                    if (reply := answer(packet, client)) is not None:
                        bound.sendto(reply, client)

        self._start(serve)

    def _name(self, packet: bytes, client: tuple[str, int]) -> bytes | None:
        self.asked.add(client[0])
        return signed_zone.reply(packet)

    def _clock(self, packet: bytes, _: tuple[str, int]) -> bytes:
        now = time.time() + NTP_EPOCH
        stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
        return b"\x24\x01\x06\xec" + bytes(8) + b"TEST" + stamp + packet[40:48] + stamp + stamp

    def _accept(self, listener: socket.socket) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, client = listener.accept()
                self._start(lambda made=connection, peer=client: self._talk(made, peer))

    def _talk(self, connection: socket.socket, client: tuple[str, int]) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(SECONDS)
            wish = connection.recv(1)
            end = time.monotonic() + SECONDS
            while wish != b"" and time.monotonic() < end and not self._over.is_set():
                if wish == WHO:
                    connection.sendall(client[0].encode())
                    return
                if wish == STREAM:
                    connection.sendall(CHUNK)
                elif not connection.recv(len(CHUNK)):
                    return
