"""What both programs have from systemd – the socket, word of their state, the end – and how one asks the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator

PATIENCE = 5.0
FIRST_SOCKET = 3  # where systemd puts what it listens on


def notify(words: str) -> None:
    """Tell systemd something, where it listens (sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
            made.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            made.send(words.encode())


def listening() -> socket.socket:
    """Return the socket that systemd opened for this program."""
    if os.environ.get("LISTEN_FDS") != "1":
        raise SystemExit("this program is started by its systemd socket")
    made = socket.socket(fileno=FIRST_SOCKET)
    made.settimeout(0)  # asyncio waits for it
    return made


@contextlib.contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """Give an event that is set when the program shall end."""
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    yield over


def ask(path: str, question: dict[str, str], timeout: float = PATIENCE) -> dict[str, object]:
    """Ask the keeper something; raises OSError or ValueError when no answer comes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.settimeout(timeout)
        made.connect(path)
        made.sendall(json.dumps(question).encode() + b"\n")
        with made.makefile("rb") as lines:
            answer: dict[str, object] = json.loads(lines.readline(4096))
    return answer
