"""Opening a service of the lab to this computer's browser: one relay process a service, on the loopback only.

The browser speaks to the machine itself: name (SNI), certificate and Host header are those of the commune.
"""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smartcommune.lab import background
from smartcommune.lab.errors import LabUsageError
from smartcommune.lab.layout import NETNS, Layout, load_json, write_json
from smartcommune.lab.models import Forward
from smartcommune.lab.network import load_zones, zone_of
from smartcommune.lab.place import visitor
from smartcommune.lab.process import load_process
from smartcommune.lab.proxy import unprivileged_user
from smartcommune.lab.relay import Config
from smartcommune.lab.topology import site_at
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST_PORT, _LAST_PORT = 8443, 8543


def load_forwards(layout: Layout) -> tuple[Forward, ...]:
    """Return the services that are open to this computer now."""
    if not layout.forwards.is_dir():
        return ()
    found = []
    for folder in sorted(layout.forwards.iterdir()):
        values: dict[str, Any] | None = load_json(folder / "forward.json")
        if values and load_process(folder / "pid"):
            found.append(Forward(**values | {"browser": tuple(values["browser"])}))
    return tuple(found)


def open_service(
    layout: Layout,
    names: Sequence[str],
    address: str,
    port: int,
    *,
    zone: str,
    local_port: int | None = None,
    dry_run: bool = False,
) -> Forward:
    """Open ``address``:``port`` of the lab on this computer's loopback, as a visitor in ``zone`` would reach it.

    ``names`` are the web names behind it, the one asked for first. One that is open already is returned again. The
    local port is chosen unless given; raises LabUsageError when that one is taken.
    """
    client = visitor(layout, zone_of(layout, zone, site_at(load_zones(layout), address)))
    with layout.lock("forward"):
        for forward in load_forwards(layout):
            if (forward.address, forward.port) == (address, port) and local_port in (None, forward.local_port):
                return _forward(names, address, port, forward.local_port)
        forward = _forward(names, address, port, _free_port(local_port))
        if dry_run:
            return forward
        folder = layout.forwards / str(forward.local_port)
        folder.mkdir(parents=True, exist_ok=True)
        user, group = unprivileged_user()
        config = Config(forward.local_port, str(NETNS / client.netns), address, port, client.address, user, group)
        unit = layout.unit("forward", str(forward.local_port))
        argv = background.module_argv("smartcommune.lab.relay", json.dumps(asdict(config)))
        mark = layout.mark("forward", str(forward.local_port))
        what = background.Background(unit, argv, folder / "pid", folder / "log", mark)
        background.wait_listening(what, background.start(what), None, "127.0.0.1", forward.local_port)
        write_json(folder / "forward.json", asdict(forward))
        return forward


def close_service(layout: Layout, local_port: int, *, dry_run: bool = False) -> None:
    """Close what is open on a local port; nothing is fine."""
    folder = layout.forwards / str(local_port)
    process = load_process(folder / "pid")
    if dry_run:
        return
    if process:
        process.end()
    background.forget_unit(layout.unit("forward", str(local_port)))
    if folder.exists():
        shutil.rmtree(folder)


def _forward(names: Sequence[str], address: str, port: int, local_port: int) -> Forward:
    # With the port in the rule the address bar shows the commune's own address, and links between its sites work.
    rules = ", ".join(f"MAP {name}:{port} 127.0.0.1:{local_port}" for name in names)
    return Forward(
        name=names[0],
        address=address,
        port=port,
        local_port=local_port,
        url=f"https://{names[0]}:{local_port}/",
        hosts_line=f"127.0.0.1 {' '.join(names)}",
        browser=("chromium", f"--host-resolver-rules={rules}", f"https://{names[0]}/"),
    )


def _free_port(wanted: int | None) -> int:
    for port in (wanted,) if wanted else range(_FIRST_PORT, _LAST_PORT):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise LabUsageError(
        Text(
            vi=f"cổng {wanted or _FIRST_PORT} trên máy này đã có chương trình khác dùng",
            en=f"port {wanted or _FIRST_PORT} of this computer is taken by another program",
        ),
        todo=Text(vi="chọn cổng khác với --port", en="choose another one with --port"),
    )
