"""The package proxy's other side: fetching from the mirrors, through this computer's own proxy where it has one.

Standard library only, since the package proxy imports it.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.lab.package_store import Entry, PackageStore

_TIMEOUT = 30.0
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mirror said: status, reason, and the bytes received. A mirror out of reach is a 504."""

    status: int
    reason: str
    received: int = 0


class Upstream:
    """The mirrors (``scheme://host[:port]``), and the proxy that leads there (``http://host:port`` or None)."""

    def __init__(self, mirrors: list[str], proxy: str | None = None) -> None:
        self._schemes = {urlsplit(mirror).netloc: urlsplit(mirror).scheme for mirror in mirrors}
        self._proxy = urlsplit(proxy) if proxy else None
        self._tls = ssl.create_default_context()
        self._lock = threading.Lock()
        self._idle: dict[str, list[http.client.HTTPConnection]] = {}

    def allows(self, url: str) -> bool:
        """Return whether an address lies on one of the mirrors."""
        parts = urlsplit(url)
        return parts.scheme == "http" and parts.netloc in self._schemes

    def fetch(self, url: str, cached: Entry | None, store: PackageStore) -> Answer:
        """Ask the mirror for ``url`` (only if newer than ``cached``) and put a 200 into the store."""
        parts = urlsplit(url)
        target = parts._replace(scheme=self._schemes[parts.netloc]).geturl()
        headers = {"User-Agent": "smartcommune-lab", "Accept-Encoding": "identity"}
        if cached is not None and cached.etag:
            headers["If-None-Match"] = cached.etag
        elif cached is not None and cached.last_modified:
            headers["If-Modified-Since"] = cached.last_modified
        try:
            for _ in range(_MOST_REDIRECTS):
                connection, response = self._request(target, headers)
                location = response.getheader("Location") if response.status in _REDIRECTS else None
                try:
                    answer = self._keep(url, response, store) if location is None else None
                    response.read()
                except (OSError, http.client.HTTPException):
                    connection.close()
                    raise
                self._put_back(target, connection)
                if answer is not None:
                    return answer
                target = urljoin(target, location)
        except (OSError, http.client.HTTPException) as error:
            return Answer(504, f"mirror out of reach ({type(error).__name__})")
        return Answer(502, "too many redirects")

    def close(self) -> None:
        """Close the connections kept open."""
        with self._lock:
            for connection in (item for kept in self._idle.values() for item in kept):
                connection.close()
            self._idle.clear()

    def _keep(self, url: str, response: http.client.HTTPResponse, store: PackageStore) -> Answer:
        if response.status != 200:
            return Answer(response.status, response.reason or "error", len(response.read()))
        length = response.getheader("Content-Length")
        headers = {key.lower(): value for key, value in response.getheaders()}
        received = store.put(url, headers, _blocks(response), int(length) if length else None)
        return Answer(200, "OK", received)

    def _request(
        self, target: str, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send the request on a connection kept open, or on a new one when the mirror has closed that."""
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https"):
            raise OSError(f"redirect to {parts.scheme}")
        plain_proxy = self._proxy is not None and parts.scheme == "http"
        path = target if plain_proxy else parts._replace(scheme="", netloc="").geturl() or "/"
        kept = self._take(target)
        while True:
            connection = kept or self._connect(parts.scheme, parts.netloc)
            try:
                connection.request("GET", path, headers={**headers, "Host": parts.netloc})
                return connection, connection.getresponse()
            except (OSError, http.client.HTTPException):
                connection.close()
                if kept is None:
                    raise
                kept = None

    def _take(self, target: str) -> http.client.HTTPConnection | None:
        with self._lock:
            kept = self._idle.get(_place(target))
            return kept.pop() if kept else None

    def _put_back(self, target: str, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.setdefault(_place(target), []).append(connection)

    def _connect(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        where = self._proxy.netloc.rpartition("@")[2] if self._proxy else netloc
        if scheme == "http":
            return http.client.HTTPConnection(where, timeout=_TIMEOUT)
        connection = http.client.HTTPSConnection(where, timeout=_TIMEOUT, context=self._tls)
        if self._proxy:
            connection.set_tunnel(netloc)
        return connection


def _place(target: str) -> str:
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}"


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while block := response.read(1 << 18):
        yield block
