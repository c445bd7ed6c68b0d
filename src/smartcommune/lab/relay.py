"""One lab service on this computer's loopback: ``python -S -m smartcommune.lab.relay CONFIG``.

Listens in the computer's network, then moves into the lab's for good and gives up root: from there it opens a
connection for each one it accepts. Standard library only. ``CONFIG`` is JSON: see :class:`Config`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from smartcommune.lab import namespaces
from smartcommune.lab.package_proxy import drop_privileges

_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Config:
    """Listen on 127.0.0.1:``local_port``; connect to ``address``:``port`` in ``netns``, coming from ``source``."""

    local_port: int
    netns: str
    address: str
    port: int
    source: str
    user: int
    group: int


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
        writer.write_eof()


async def relay(config: Config, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection both ways until both ends are done."""
    try:
        far_reader, far_writer = await asyncio.open_connection(
            config.address, config.port, local_addr=(config.source, 0) if config.source else None
        )
    except OSError:
        writer.close()
        return
    await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    for end in (writer, far_writer):
        end.close()


async def serve(config: Config, listener: socket.socket) -> None:
    """Accept until TERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(lambda reader, writer: relay(config, reader, writer), sock=listener)
    await stop.wait()
    server.close()


def main(argument: str) -> int:
    """Open the listening socket here, then live in the lab."""
    config = Config(**json.loads(argument))
    listener = socket.create_server(("127.0.0.1", config.local_port))
    namespaces.enter(Path(config.netns), namespaces.CLONE_NEWNET)
    drop_privileges(config.user, config.group)
    asyncio.run(serve(config, listener))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
