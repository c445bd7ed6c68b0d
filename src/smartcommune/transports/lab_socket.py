"""TCP connections that live in a lab's network namespace and are used from anywhere in this process.

Only the calling thread visits the namespace, only while the socket is made.
"""

from __future__ import annotations

import socket
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Protocol

from smartcommune.lab.namespaces import in_network

NETNS = Path("/run/netns")


class Connect(Protocol):
    """What opens a connection: :func:`connect`, or a fake."""

    def __call__(
        self, netns: str | None, address: str, port: int, source: str | None = None, *, timeout: float = 5.0
    ) -> socket.socket:
        """Return a connected socket or raise OSError."""


def connect(
    netns: str | None, address: str, port: int, source: str | None = None, *, timeout: float = 5.0
) -> socket.socket:
    """Return a TCP socket connected to ``address``:``port`` from inside namespace ``netns`` (None: from here).

    ``source`` is the local address to come from. The socket keeps ``timeout`` (seconds); raises OSError, and
    FileNotFoundError when there is no such namespace.
    """
    with in_network(NETNS / netns) if netns else nullcontext():
        return socket.create_connection((address, port), timeout, (source, 0) if source else None)


def wait_banner(
    netns: str | None,
    address: str,
    port: int = 22,
    source: str | None = None,
    *,
    timeout: float = 60.0,
    open_connection: Connect = connect,
) -> bool:
    """Wait until an SSH server greets, at most ``timeout`` seconds; return whether it did."""
    end = time.monotonic() + timeout
    while True:
        try:
            with open_connection(netns, address, port, source, timeout=2.0) as connection:
                if connection.recv(4) == b"SSH-":
                    return True
        except OSError:
            pass
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


class FakeNetwork:
    """Stands in for :func:`connect` in tests: answers by address and port, remembers who asked from where.

    ``greetings`` maps (address, port) to what the far end says first; anything else refuses the connection.
    """

    def __init__(self, greetings: dict[tuple[str, int], bytes]) -> None:
        self.greetings = greetings
        self.calls: list[tuple[str | None, str, int, str | None]] = []

    def __call__(
        self, netns: str | None, address: str, port: int, source: str | None = None, *, timeout: float = 5.0
    ) -> socket.socket:
        """Return one end of a socket pair whose other end has greeted."""
        self.calls.append((netns, address, port, source))
        if (address, port) not in self.greetings:
            raise ConnectionRefusedError(address)
        near, far = socket.socketpair()
        near.settimeout(timeout)
        far.sendall(self.greetings[address, port])
        far.close()
        return near
