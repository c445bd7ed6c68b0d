"""The package proxy: what it caches, asks again, serves without the network, and refuses."""

from __future__ import annotations

import asyncio
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from smartcommune.lab.package_proxy import Proxy, State
from smartcommune.lab.package_store import PackageStore
from smartcommune.lab.package_upstream import Upstream

_DATE = "Tue, 24 Nov 2026 08:00:00 GMT"


class Mirror(BaseHTTPRequestHandler):
    """A small Debian mirror that counts what it is asked."""

    protocol_version = "HTTP/1.1"
    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[tuple[str, str | None]]] = []
    broken = False

    def do_GET(self) -> None:
        """Answer with a file, 304, 404, or a body that ends too early."""
        since = self.headers.get("If-Modified-Since")
        self.asked.append((self.path, since))
        body = self.files.get(self.path)
        if self.path == "/redirect.deb":
            self.send_response(302)
            self.send_header("Location", "/pool/a.deb")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if body is None or since == _DATE:
            self.send_response(304 if body is not None else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (10 if self.broken else 0)))
        self.send_header("Last-Modified", _DATE)
        self.end_headers()
        self.wfile.write(body)
        if self.broken:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror():
    """A running mirror and its address."""
    Mirror.files = {"/pool/a.deb": b"package" * 1000, "/dists/InRelease": b"index", "/by-hash/SHA256/x": b"hash"}
    Mirror.asked, Mirror.broken = [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ask(mirror, tmp_path):
    """Ask a proxy in front of the mirror for paths, one after the other on one connection: (status, headers, body)."""
    for name in ("cache", "state"):
        (tmp_path / name).mkdir()
    folders = [os.open(tmp_path / name, os.O_RDONLY) for name in ("cache", "state")]
    proxy = Proxy(PackageStore(folders[0]), Upstream([mirror]), State(folders[1]))

    async def one(reader, writer, request: str):
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", 0)))

    async def session(requests: list[str]):
        served = asyncio.Event()

        async def serve(reader, writer) -> None:
            await proxy.serve(reader, writer)
            served.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return [await one(reader, writer, request) for request in requests]
        finally:
            writer.close()
            await writer.wait_closed()
            await served.wait()
            server.close()

    def run(*paths: str, method: str = "GET", extra: str = ""):
        urls = [path if "://" in path else mirror + path for path in paths]
        return asyncio.run(session([f"{method} {url} HTTP/1.1\r\nHost: x\r\n{extra}\r\n" for url in urls]))

    run.proxy = proxy
    run.state = tmp_path / "state"
    run.cache = tmp_path / "cache"
    yield run
    proxy.upstream.close()
    for folder in folders:
        os.close(folder)


def test_a_package_is_fetched_once(ask):
    """The second machine gets the package from the cache, on a connection that stays open."""
    answers = ask("/pool/a.deb", "/pool/a.deb")
    assert [(status, len(body)) for status, _, body in answers] == [(200, 7000), (200, 7000)]
    assert Mirror.asked == [("/pool/a.deb", None)]
    assert (ask.proxy.state.downloaded, ask.proxy.state.served) == (7000, 14000)


def test_an_index_is_asked_for_again(ask):
    """An index is asked for each time, only if newer; one named by its hash never changes and is not."""
    ask("/dists/InRelease", "/dists/InRelease", "/by-hash/SHA256/x", "/by-hash/SHA256/x")
    assert Mirror.asked == [("/dists/InRelease", None), ("/dists/InRelease", _DATE), ("/by-hash/SHA256/x", None)]
    assert ask.proxy.state.downloaded == len(b"index") + len(b"hash")


def test_a_changed_index_replaces_the_cached_one(ask, monkeypatch):
    """A newer index is what the machine gets."""
    ask("/dists/InRelease")
    Mirror.files["/dists/InRelease"] = b"a newer index"
    monkeypatch.setattr(f"{__name__}._DATE", "Wed, 25 Nov 2026 08:00:00 GMT")
    assert ask("/dists/InRelease")[0][2] == b"a newer index"


def test_without_the_network_the_cache_serves(ask):
    """With the link cut, what is in the cache is served without asking, and the rest is a clear 504."""
    ask("/dists/InRelease", "/pool/a.deb")
    (ask.state / "offline").touch()
    asked = len(Mirror.asked)
    answers = ask("/dists/InRelease", "/pool/a.deb", "/pool/b.deb")
    assert [status for status, _, _ in answers] == [200, 200, 504]
    assert len(Mirror.asked) == asked


def test_a_mirror_out_of_reach_means_the_index_as_it_was(ask, mirror):
    """When the mirror does not answer, the cached index is served rather than none."""
    ask("/dists/InRelease")
    ask.proxy.upstream.close()
    ask.proxy.upstream = Upstream([mirror])
    ask.proxy.upstream._connect = lambda *_: (_ for _ in ()).throw(ConnectionRefusedError())
    assert ask("/dists/InRelease")[0][2] == b"index"
    assert ask("/dists/Other")[0][0] == 504


def test_an_unchanged_index_is_not_sent_again(ask):
    """A machine that has the index already is told so."""
    ask("/dists/InRelease")
    assert ask("/dists/InRelease", extra=f"If-Modified-Since: {_DATE}\r\n")[0][0] == 304


@pytest.mark.parametrize(
    ("url", "method"),
    [
        ("http://other.example.test/x", "GET"),
        ("https://127.0.0.1/x", "GET"),
        ("/pool/a.deb", "POST"),
        ("http://127.0.0.1:1/x", "GET"),
        ("file:///etc/passwd", "GET"),
    ],
)
def test_only_the_mirrors_are_reached(ask, url, method):
    """Any other host, scheme, port or method is refused without being asked."""
    assert ask(url, method=method)[0][0] == 403
    assert Mirror.asked == []


def test_a_body_cut_short_is_not_kept(ask):
    """Half a package is no package: the machine gets an error, and the next try the whole."""
    Mirror.broken = True
    assert ask("/pool/a.deb")[0][0] == 504
    assert list(ask.cache.iterdir()) == []
    Mirror.broken = False
    assert ask("/pool/a.deb")[0][2] == b"package" * 1000


def test_a_damaged_file_is_fetched_again(ask, mirror):
    """A cached file that lost its end in a power cut is not served."""
    ask("/pool/a.deb")
    path = ask.cache / PackageStore.name_of(f"{mirror}/pool/a.deb")
    path.write_bytes(path.read_bytes()[:-1])
    assert ask("/pool/a.deb")[0][2] == b"package" * 1000


def test_redirects_of_the_mirror_are_followed(ask):
    """A mirror that points elsewhere is followed, and the answer kept under the address asked for."""
    assert ask("/redirect.deb", "/redirect.deb")[1][2] == b"package" * 1000
    assert [path for path, _ in Mirror.asked] == ["/redirect.deb", "/pool/a.deb"]


def test_missing_packages_are_missing(ask):
    """A 404 is passed on and not kept."""
    assert [status for status, _, _ in ask("/pool/none.deb", "/pool/none.deb")] == [404, 404]
    assert len(Mirror.asked) == 2


def test_counters_survive_a_restart(ask):
    """What was fetched and served is counted over the lab's life."""
    ask("/pool/a.deb")
    folder = os.open(ask.state, os.O_RDONLY)
    again = State(folder)
    os.close(folder)
    assert (again.downloaded, again.served) == (7000, 7000)


def test_https_mirrors_are_reached_by_plain_names():
    """A mirror with TLS is asked for by http and fetched by https."""
    upstream = Upstream(["https://mirror.example.test"])
    assert upstream.allows("http://mirror.example.test/debian/x.deb")
    assert upstream._connect("https", "mirror.example.test").port == 443
    assert urlsplit("http://mirror.example.test/debian").netloc in upstream._schemes


def test_this_computers_proxy_leads_there():
    """Where this computer has a proxy, connections go to it, and TLS through a tunnel."""
    upstream = Upstream(["https://mirror.example.test"], "http://proxy.example.test:3128")
    assert upstream._connect("http", "mirror.example.test").host == "proxy.example.test"
    assert upstream._connect("https", "mirror.example.test")._tunnel_host == "mirror.example.test"


def test_prune_removes_what_nobody_asks_for(ask):
    """Old entries and remains of killed fetches go, others stay."""
    ask("/pool/a.deb", "/by-hash/SHA256/x")
    old, kept = sorted(ask.cache.iterdir())
    os.utime(old, (0, 0))
    (ask.cache / ".new-1").write_bytes(b"")
    os.utime(ask.cache / ".new-1", (0, 0))
    assert ask.proxy.store.prune() == 2
    assert list(ask.cache.iterdir()) == [kept]
