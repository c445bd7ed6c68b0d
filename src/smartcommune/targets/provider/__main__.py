"""The provider as a plugin process: prints its port, and ends with the engine that started it.

Used by a plain ``pulumi up`` in ``pulumi_stacks/commune``; the toolkit serves the provider inside its own program.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from smartcommune.targets.provider.existing import Machine
from smartcommune.targets.provider.registry import resource_types
from smartcommune.targets.provider.server import Provider, serve

PARENT_CHECK_SECONDS = 1.0


def main() -> None:
    """Serve until the engine says so, or is gone: a killed engine says nothing."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    with serve(Provider(resource_types(Machine()))) as port:
        sys.stdout.write(f"{port}\n")  # the plugin protocol's handshake
        sys.stdout.flush()
        while not stop.wait(PARENT_CHECK_SECONDS) and os.getppid() == parent:
            continue


if __name__ == "__main__":
    main()
