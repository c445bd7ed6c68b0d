"""The keeper: answers the portal on a unix socket, keeps the log, and keeps the kernel's sets right.

It may change the kernel's network settings (CAP_NET_ADMIN) and speaks to nobody but the portal: a question is one line
of JSON of at most 1 KiB, ``{"ask": "status" | "accept", "address": …, "terms": …, "code": …}``, the answer is another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import subprocess

from commune_wifi.gate import Gate, ports_to_isolate
from commune_wifi.settings import KeeperSettings
from commune_wifi.sockets import listening, notify, told_to_end
from commune_wifi.store import Store
from commune_wifi.table import Table, neighbour

LOG = logging.getLogger("commune-wifi")
LINE = 1024
PATIENCE = 5.0


class Keeper:
    """Serves a gate."""

    def __init__(self, settings: KeeperSettings, gate: Gate) -> None:
        self.settings, self.gate = settings, gate

    async def serve(self, listener: socket.socket) -> None:
        """Answer and tick until told to end."""
        self.gate.tick()
        server = await asyncio.start_unix_server(self._talk, sock=listener, limit=LINE)
        with told_to_end() as over:
            notify("READY=1")
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), self.settings.tick_seconds)
                self.gate.tick()
                self._isolate()
                notify("WATCHDOG=1")
            server.close()
        self.gate.stop()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError, ValueError, UnicodeDecodeError):
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
            question = json.loads(line)
            writer.write(json.dumps(self._answer(question)).encode() + b"\n")
            await asyncio.wait_for(writer.drain(), PATIENCE)
        writer.close()

    def _answer(self, question: object) -> dict[str, object]:
        if question == {"ask": "health"}:
            return {"state": "ill" if self.gate.fault else "well", "fault": self.gate.fault}
        return self.gate.answer(question) if isinstance(question, dict) else {"state": "refused"}

    def _isolate(self) -> None:
        """Keep the ports of the zone's bridge from each other: one access point's clients from another's."""
        for port in ports_to_isolate(self.settings.interface):
            done = subprocess.run(
                ["/usr/sbin/bridge", "link", "set", "dev", port, "isolated", "on"],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
            if done.returncode != 0:
                LOG.error("port %s of %s is not isolated: %s", port, self.settings.interface, done.stderr.strip())


def main(path: str) -> None:
    """Run the keeper with the settings in a file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = KeeperSettings.load(path)
    store = Store(settings.database)
    try:
        asyncio.run(Keeper(settings, Gate(settings, store, Table(), neighbour)).serve(listening()))
    finally:
        store.close()
