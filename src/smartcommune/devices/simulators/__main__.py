"""``python -m smartcommune.devices.simulators <JSON>``: one simulated device in a lab's network namespace.

It has the device's address on the namespace's loopback, keeps its memory in ``folder``, and ends with a signal.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from smartcommune.devices.simulators.device import Setting
from smartcommune.devices.simulators.kinds import SIMULATORS
from smartcommune.devices.simulators.server import serve
from smartcommune.lab.namespaces import CLONE_NEWNET, enter


async def _run(platform: str, setting: Setting, port: int) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    acceptor = await serve(SIMULATORS[platform](setting), setting.address, port)
    await ended.wait()
    acceptor.close()


def main(text: str) -> int:
    """Serve until told to stop."""
    asked = json.loads(text)
    enter(Path(asked.pop("netns")), CLONE_NEWNET)
    platform, port = asked.pop("platform"), asked.pop("port")
    asyncio.run(_run(platform, Setting(**asked | {"folder": Path(asked["folder"])}), port))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
