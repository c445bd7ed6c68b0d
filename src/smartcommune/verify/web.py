"""``httpx`` for the commune's own web addresses: names from the Site, sockets in the lab's network, one trusted root.

Nothing of this computer is used: neither its resolver, nor its certificate store, nor its proxy settings.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Route:
    """How a name is reached: address, the lab's network namespace if there is one, and the address to come from."""

    address: str
    netns: str | None = None
    source: str | None = None


def visitor_zone(let_in: Sequence[str]) -> str:
    """Return where an ordinary visitor comes from, of the zones that are let in: the office if it can be."""
    ordinary = [zone for zone in let_in if zone != "management"]
    return "office" if "office" in ordinary else (ordinary or ["management"])[0]


Connect = Callable[[Route, int, float], socket.socket]


def connect(route: Route, port: int, timeout: float) -> socket.socket:
    """Return a connected TCP socket, opened in the lab's namespace where the route has one. Raises OSError."""
    if route.netns is None:
        return socket.create_connection((route.address, port), timeout)
    from smartcommune.transports import lab_socket

    return lab_socket.connect(route.netns, route.address, port, source=route.source, timeout=timeout)


class _Stream(httpcore.NetworkStream):
    """One open socket, in httpcore's terms."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(timeout)
        try:
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._socket.settimeout(timeout)
        try:
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except OSError as error:  # ssl.SSLError is one
            self._socket.close()
            raise httpcore.ConnectError(str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        if info == "socket":
            return self._socket
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        return None


class _Network(httpcore.NetworkBackend):
    """Opens sockets to the names of one commune, and to nothing else."""

    def __init__(self, routes: Mapping[str, Route], opener: Connect) -> None:
        self._routes = routes
        self._open = opener

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        route = self._routes.get(host)
        if route is None:
            raise httpcore.ConnectError(f"{host} is not a name of this commune")
        try:
            return _Stream(self._open(route, port, TIMEOUT if timeout is None else timeout))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host}:{port}: {error}") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host}:{port}: {error}") from error


class _Body(httpx.SyncByteStream):
    """A response's body as httpx reads it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Any:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class CommuneTransport(httpx.BaseTransport):
    """Reaches the names in ``routes`` and trusts the root certificate ``ca`` (PEM) alone."""

    def __init__(self, routes: Mapping[str, Route], ca: str, *, opener: Connect = connect) -> None:
        context = ssl.create_default_context(cadata=ca)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Network(routes, opener))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises httpx.TransportError when the other side cannot be talked to."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        body = request.stream
        if not isinstance(body, httpx.SyncByteStream):
            raise httpx.UnsupportedProtocol("only synchronous requests", request=request)
        core = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=body, extensions=request.extensions
        )
        try:
            response = self._pool.handle_request(core)
        except httpcore.TimeoutException as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise httpx.ConnectError(str(error), request=request) from error
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def client(routes: Mapping[str, Route], ca: str, *, opener: Connect = connect) -> httpx.Client:
    """Return a client for the commune's addresses that follows no redirect unless asked to."""
    return httpx.Client(transport=CommuneTransport(routes, ca, opener=opener), timeout=TIMEOUT, trust_env=False)
