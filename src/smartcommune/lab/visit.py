"""Become a program of this computer as a station of the lab runs it: ``visit.main([NETNS, FOLDER, PROGRAM, …])``.

The program lives in the station's network and sees the station's name servers and hosts file (``resolv.conf``,
``hosts`` in FOLDER) in a mount namespace of its own; nothing of this computer's own name service answers it.
Standard library only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sockets by which the C library asks a service of this computer instead of the name servers of resolv.conf.
_RESOLVERS = ("/run/systemd/resolve", "/run/nscd", "/run/avahi-daemon")


def isolate(folder: Path) -> None:
    """Give this process a view in which names are the station's; raises OSError."""
    namespaces.unshare(namespaces.CLONE_NEWNS)
    namespaces.mount("none", "/", "none", namespaces.MS_REC | namespaces.MS_SLAVE)
    for hidden in filter(os.path.isdir, _RESOLVERS):
        namespaces.mount("tmpfs", hidden, "tmpfs", namespaces.MS_NOSUID | namespaces.MS_NODEV, "mode=0755")
    for name in ("resolv.conf", "hosts"):
        target = Path("/etc", name).resolve()  # often a link into what has just been hidden
        if any(target.is_relative_to(hidden) for hidden in _RESOLVERS):
            target.touch()
        namespaces.mount(str(folder / name), str(target), "none", namespaces.MS_BIND)


def main(arguments: Sequence[str]) -> int:
    """Enter the station and become the program; return 127 when there is no such program, 126 for anything else."""
    network, folder, *argv = arguments
    try:
        namespaces.enter(Path(network), namespaces.CLONE_NEWNET)
        isolate(Path(folder))
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror or error}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126
