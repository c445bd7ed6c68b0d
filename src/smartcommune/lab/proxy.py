"""Starting, stopping and asking the package proxy: one process a lab."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab import background
from smartcommune.lab.cache import ensure_cache_folder
from smartcommune.lab.layout import load_json
from smartcommune.lab.mirrors import Mirrors, find_mirrors
from smartcommune.lab.models import ProxyStatus
from smartcommune.lab.package_proxy import Config
from smartcommune.lab.process import load_process
from smartcommune.site.networks import LAB_MIRROR_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smartcommune.lab.layout import Layout

_PASSED_ON = ("http_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


def unprivileged_user() -> tuple[int, int]:
    """Return the user and group that the proxy becomes: apt's own download user, else nobody; oneself without root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for name in ("_apt", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    return 65534, 65534


def _configuration(mirrors: Mirrors, listen: list[tuple[str, int]], netns: Path | None, state: Path) -> Config:
    user, group = unprivileged_user()
    cache = ensure_cache_folder("packages")
    where = str(netns) if netns else ""
    return Config(listen, where, list(mirrors.hosts), str(cache), str(state), user, group)


def _background(unit: str, folder: Path, config: Config, mark: str) -> background.Background:
    argv = background.module_argv("smartcommune.lab.package_proxy", json.dumps(asdict(config)))
    environment = tuple((key, value) for key in _PASSED_ON if (value := os.environ.get(key)))
    return background.Background(
        unit, argv, folder / "pid", folder / "log", mark, environment=environment, properties=("KillMode=mixed",)
    )


def ensure_proxy(layout: Layout, addresses: Sequence[str]) -> None:
    """Have the proxy listen on ``addresses`` of the lab's namespace; one that does already is left alone."""
    folder = layout.proxy
    (folder / "counters").mkdir(parents=True, exist_ok=True)
    listen = [(address, LAB_MIRROR_PORT) for address in addresses]
    config = _configuration(find_mirrors(), listen, layout.netns_path, folder / "counters")
    record = folder / "proxy.json"
    wanted = json.loads(json.dumps(asdict(config)))
    if load_process(folder / "pid") and load_json(record) == wanted:
        return
    stop_proxy(layout)
    what = _background(layout.unit("proxy", "packages"), folder, config, layout.mark("proxy", "packages"))
    process = background.start(what)
    for address in addresses:
        background.wait_listening(what, process, layout.netns, address, LAB_MIRROR_PORT)
    record.write_text(json.dumps(wanted))


def stop_proxy(layout: Layout) -> None:
    """Stop the proxy; none is fine."""
    if process := load_process(layout.proxy / "pid"):
        process.end()
    background.forget_unit(layout.unit("proxy", "packages"))
    (layout.proxy / "pid").unlink(missing_ok=True)


def proxy_status(layout: Layout) -> ProxyStatus:
    """Return whether the proxy runs and what it has fetched and served."""
    counters = layout.proxy / "counters"
    numbers = load_json(counters / "status.json") or {}
    running = load_process(layout.proxy / "pid") is not None
    offline = (counters / "offline").exists()
    return ProxyStatus(running, numbers.get("downloaded", 0), numbers.get("served", 0), offline)


def set_offline(layout: Layout, *, offline: bool) -> None:
    """Cut the proxy off from the mirrors, or let it reach them again."""
    flag = layout.proxy / "counters" / "offline"
    if offline:
        flag.parent.mkdir(parents=True, exist_ok=True)
        flag.touch()
    else:
        flag.unlink(missing_ok=True)


@contextlib.contextmanager
def mirror_proxy(mirrors: Mirrors) -> Iterator[str]:
    """Run a proxy on this computer's loopback while the body runs; yields its address (``http://127.0.0.1:port``).

    The base image is fetched through it, so that a run that was cut fetches nothing twice.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="smartcommune-proxy-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        config = _configuration(mirrors, [("127.0.0.1", port)], None, folder / "counters")
        what = _background(f"sc-lab-{os.getpid()}-mirror", folder, config, f"mirror:{os.getpid()}")
        process = background.start(what)
        try:
            background.wait_listening(what, process, None, "127.0.0.1", port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.end()
