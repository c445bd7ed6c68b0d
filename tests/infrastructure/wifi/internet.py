"""What lies beyond the operator: a web site by plain HTTP that says who comes, and a stream of bytes.

The sockets are in the lab's own network namespace; each serves in threads of the test's process.
"""

from __future__ import annotations

import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self

from smartcommune.lab.namespaces import in_network

WEB, STREAM = 80, 443
PAGE = "<!DOCTYPE html><html lang=en><title>Beyond</title><h1>The Internet</h1>"
SECONDS = 6.0  # that a stream lasts at most
CHUNK = bytes(16384)


class _Site(BaseHTTPRequestHandler):
    """One page."""

    def do_GET(self) -> None:
        """Send it."""
        page = f"{PAGE}<p>{self.client_address[0]}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Stream(socketserver.BaseRequestHandler):
    """Bytes without end."""

    def handle(self) -> None:
        """Send for a while, or as long as somebody takes them."""
        end = time.monotonic() + SECONDS
        self.request.settimeout(SECONDS)
        try:
            while time.monotonic() < end:
                self.request.sendall(CHUNK)
        except OSError:
            return


class _Web(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True


class _Streams(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Internet:
    """The services, for as long as a block lasts."""

    def __init__(self, netns: Path, address: str) -> None:
        self.address = address
        with in_network(netns):
            self._servers: list[Any] = [_Web((address, WEB), _Site), _Streams((address, STREAM), _Stream)]
        self._threads = [threading.Thread(target=server.serve_forever, args=(0.1,)) for server in self._servers]

    @property
    def url(self) -> str:
        """The site's address."""
        return f"http://{self.address}/"

    def __enter__(self) -> Self:
        """Begin to serve."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
