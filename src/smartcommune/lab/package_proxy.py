"""Package access for machines without Internet: ``python -S -m smartcommune.lab.package_proxy CONFIG``.

A caching HTTP forward proxy. Its listening sockets live in the lab's network namespace, its outgoing ones in the
computer's: no NAT, no forwarding, the computer's network is untouched. It reaches the configured mirrors and nothing
else; packages and indices named by their hash are fetched once, other indices are asked for again each time and served
as they were when the network is away. It gives up root once its sockets are open.

Standard library only. ``CONFIG`` is JSON: see :class:`Config`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - see drop_privileges
import contextlib
import encodings.idna  # noqa: F401 - see drop_privileges
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from smartcommune.lab import namespaces
from smartcommune.lab.package_store import Entry, PackageStore
from smartcommune.lab.package_upstream import Answer, Upstream

_IMMUTABLE = (".deb", ".udeb", ".dsc", ".tar.xz", ".tar.gz", ".diff.gz")
_LARGEST_HEAD = 64 << 10


@dataclass(frozen=True, slots=True)
class Config:
    """``listen``: addresses with port; ``netns``: where they are (empty: here); ``mirrors``: ``scheme://host[:port]``.

    ``cache`` and ``state`` are folders; ``user`` and ``group`` (numbers) are what the process becomes.
    """

    listen: list[tuple[str, int]]
    netns: str
    mirrors: list[str]
    cache: str
    state: str
    user: int
    group: int


class State:
    """What the toolkit reads and sets while the proxy runs: counters in ``status.json``, the flag ``offline``."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self.downloaded = self.served = 0
        with contextlib.suppress(OSError, ValueError, KeyError):
            descriptor = os.open("status.json", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor) as file:
                before = json.load(file)
            self.downloaded, self.served = before["downloaded"], before["served"]

    @property
    def offline(self) -> bool:
        """Whether the commune's link to the Internet is cut."""
        try:
            os.stat("offline", dir_fd=self._folder)
        except FileNotFoundError:
            return False
        return True

    def save(self) -> None:
        """Write the counters."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(".status", flags, 0o644, dir_fd=self._folder)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"downloaded": self.downloaded, "served": self.served}, file)
        os.rename(".status", "status.json", src_dir_fd=self._folder, dst_dir_fd=self._folder)


class Proxy:
    """Answers requests from cache and mirrors."""

    def __init__(self, store: PackageStore, upstream: Upstream, state: State) -> None:
        self.store = store
        self.upstream = upstream
        self.state = state
        self._locks: dict[str, asyncio.Lock] = {}

    async def entry_for(self, url: str) -> Entry | Answer:
        """Return the cache's entry for an address, fetched or asked for again first; an Answer when it is an error."""
        immutable = url.endswith(_IMMUTABLE) or "/by-hash/" in url
        lock = self._locks.setdefault(url, asyncio.Lock())
        try:
            async with lock:  # two machines that want the same package fetch it once
                cached = self.store.get(url)
                if cached is not None and (immutable or self.state.offline):
                    return cached
                if self.state.offline:
                    return Answer(504, "the link is cut and this is not in the cache")
                answer = await asyncio.to_thread(self.upstream.fetch, url, cached, self.store)
                self.state.downloaded += answer.received
                if answer.status == 304 and cached is not None:
                    return cached
                if answer.status == 200 and (fresh := self.store.get(url)) is not None:
                    return fresh
                if answer.status >= 500 and cached is not None:
                    return cached
                return answer
        finally:
            if not lock.locked():
                self._locks.pop(url, None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: apt sends request after request on it."""
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
            while await self._serve_one(reader, writer):
                pass
        writer.close()
        self.state.save()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.split("\r\n")
        method, url, _ = line.split(" ")
        headers = {key.strip().lower(): value.strip() for key, _, value in (item.partition(":") for item in rest)}
        keep = headers.get("connection", "").lower() != "close"
        if method not in ("GET", "HEAD") or not self.upstream.allows(url):
            await _respond(writer, 403, "only the configured Debian mirrors, by GET", keep=False)
            return False
        found = await self.entry_for(url)
        if isinstance(found, Answer):
            await _respond(writer, found.status, found.reason, keep=keep)
            return keep
        if found.last_modified is not None and headers.get("if-modified-since") == found.last_modified:
            await _respond(writer, 304, "", keep=keep)
            return keep
        await self._send(writer, found, body=method == "GET", keep=keep)
        return keep

    async def _send(self, writer: asyncio.StreamWriter, entry: Entry, *, body: bool, keep: bool) -> None:
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {entry.length}", f"Content-Type: {entry.content_type}"]
        if entry.last_modified:
            lines.append(f"Last-Modified: {entry.last_modified}")
        lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        await writer.drain()
        if body and entry.length:
            with self.store.open(entry.name) as file:
                await asyncio.get_running_loop().sendfile(writer.transport, file, entry.offset, entry.length)
            self.state.served += entry.length


async def _respond(writer: asyncio.StreamWriter, status: int, reason: str, *, keep: bool) -> None:
    body = b"" if status == 304 else f"{reason}\n".encode()
    connection = "keep-alive" if keep else "close"
    lines = [
        f"HTTP/1.1 {status} {reason or 'Not Modified'}",
        f"Content-Length: {len(body)}",
        f"Connection: {connection}",
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body)
    await writer.drain()


def open_sockets(config: Config) -> list[socket.socket]:
    """Open the listening sockets, in the lab's namespace where there is one."""
    inside = namespaces.in_network(Path(config.netns)) if config.netns else contextlib.nullcontext()
    with inside:
        return [socket.create_server(address, backlog=128) for address in config.listen]


def open_folder(path: str, user: int, group: int) -> int:
    """Return the descriptor of a folder that ``user`` may write, made where it is missing."""
    Path(path).mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if os.geteuid() == 0:
        os.fchown(descriptor, user, group)
        for name in os.listdir(descriptor):  # noqa: PTH208 - by descriptor
            os.chown(name, user, group, dir_fd=descriptor, follow_symlinks=False)
    return descriptor


def drop_privileges(user: int, group: int) -> None:
    """Become an ordinary user for good.

    What Python would import on demand must be imported by now: its library may lie in a home that only root may read.
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


async def run(sockets: list[socket.socket], proxy: Proxy) -> None:
    """Serve until TERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    servers = [await asyncio.start_server(proxy.serve, sock=item, limit=_LARGEST_HEAD) for item in sockets]
    proxy.state.save()
    await stop.wait()
    for server in servers:
        server.close()
    proxy.state.save()


def main(argument: str) -> int:
    """Open what needs root, give root up, serve."""
    values = json.loads(argument)
    values["listen"] = [(address, port) for address, port in values["listen"]]
    config = Config(**values)
    sockets = open_sockets(config)
    cache, state = (open_folder(path, config.user, config.group) for path in (config.cache, config.state))
    upstream = Upstream(config.mirrors, os.environ.get("http_proxy"))
    drop_privileges(config.user, config.group)
    store = PackageStore(cache)
    store.prune()
    asyncio.run(run(sockets, Proxy(store, upstream, State(state))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
