"""SSH in front of simulators: one server for each, all in one process; typed lines are echoed as terminals do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from smartcommune.devices.simulators.device import Simulator


class _Server(asyncssh.SSHServer):
    """Lets the accounts of one simulator in."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Cut at once what the network would not have carried."""
        self._connection = conn
        if self._simulator.admits():
            self._simulator.joined(conn)
        else:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._connection is not None:
            self._simulator.left(self._connection)

    def password_auth_supported(self) -> bool:
        """Take passwords."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compare; what follows a plus sign are terminal settings, as RouterOS has it."""
        return self._simulator.check_password(username.partition("+")[0], password)


async def serve(simulator: Simulator, host: str, port: int) -> asyncssh.SSHAcceptor:
    """Listen for one simulator; ``port`` 0 takes a free one."""

    async def handle(process: asyncssh.SSHServerProcess[str]) -> None:
        await _converse(simulator, process)

    return await asyncssh.create_server(
        lambda: _Server(simulator),
        host,
        port,
        server_host_keys=[simulator.host_key],
        process_factory=handle,
        line_editor=False,
        encoding="utf-8",
        gss_host=None,
        login_timeout=30,
    )


async def _converse(simulator: Simulator, process: asyncssh.SSHServerProcess[str]) -> None:
    line = simulator.command_line()
    process.stdout.write(line.prompt)
    held = ""
    try:
        while not line.closed:
            part = await process.stdin.read(4096)
            if not part:
                break
            held += part.replace("\r\n", "\n").replace("\r", "\n")
            while "\n" in held and not line.closed:
                typed, _, held = held.partition("\n")
                process.stdout.write(typed + line.ends)
                if simulator.setting.latency:
                    await asyncio.sleep(simulator.setting.latency)
                shown = line.feed(typed.strip())
                if not simulator.admits():
                    simulator.hang_up()
                    return
                process.stdout.write((shown.replace("\n", line.ends) + line.ends if shown else "") + line.prompt)
    except (asyncssh.Error, ConnectionError):
        pass
    finally:
        process.exit(0)
