"""Zabbix's JSON-RPC API by the unix socket of its PHP processes: no port, no name and no certificate in between.

Standard library only: it runs on the machine. FastCGI is spoken as in its specification (version 1), one request a
connection.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
HEADER = struct.Struct(">BBHHBx")
LARGEST = 65_535
SCRIPT = "/usr/share/zabbix/api_jsonrpc.php"


class ApiError(Exception):
    """The API refused a call; ``data`` is what it said."""


class NoAnswerError(ApiError):
    """Nothing answers at the socket, or it does not speak the API yet."""


def record(kind: int, content: bytes) -> bytes:
    """Return a record of one request."""
    return HEADER.pack(1, kind, 1, len(content), 0) + content


def stream(kind: int, content: bytes) -> bytes:
    """Return content as records, with the empty one that ends them."""
    parts = [content[start : start + LARGEST] for start in range(0, len(content), LARGEST)]
    return b"".join(record(kind, part) for part in [*parts, b""])


def pair(name: str, value: str) -> bytes:
    """Return a parameter with its lengths, in four bytes each where one does not do."""
    parts = (name.encode(), value.encode())
    lengths = b"".join(
        bytes([len(part)]) if len(part) < 128 else struct.pack(">I", len(part) | 1 << 31) for part in parts
    )
    return lengths + parts[0] + parts[1]


def request(headers: dict[str, str], body: bytes) -> bytes:
    """Return a whole request."""
    begin = record(BEGIN, struct.pack(">HB5x", 1, 0))
    return begin + stream(PARAMS, b"".join(pair(*item) for item in headers.items())) + stream(STDIN, body)


def read_answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return what the program wrote and what it complained of."""
    written = {STDOUT: b"", STDERR: b""}
    with connection.makefile("rb") as source:
        while True:
            header = source.read(HEADER.size)
            if len(header) < HEADER.size:
                raise NoAnswerError("the connection ended in the middle of the answer")
            _, kind, _, length, padding = HEADER.unpack(header)
            content = source.read(length + padding)[:length]
            if kind == END:
                return written[STDOUT], written[STDERR]
            written[kind] = written.get(kind, b"") + content


class Api:
    """Calls of the API, as the account whose token is given; without one only log-in is possible."""

    def __init__(self, path: str, token: str = "", timeout: float = 120) -> None:
        self._path, self._token, self._timeout, self._count = path, token, timeout, 0

    def call(self, method: str, params: Any, *, token: str | None = None) -> Any:
        """Return the result of one call. Raises ApiError."""
        self._count += 1
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": self._count}).encode()
        bearer = self._token if token is None else token
        headers = {
            "SCRIPT_FILENAME": SCRIPT,
            "SCRIPT_NAME": "/api_jsonrpc.php",
            "REQUEST_URI": "/api_jsonrpc.php",
            "REQUEST_METHOD": "POST",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTPS": "on",
            "CONTENT_TYPE": "application/json-rpc",
            "CONTENT_LENGTH": str(len(body)),
        }
        if bearer:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {bearer}"
        return self._result(method, *self._exchange(request(headers, body)))

    def _exchange(self, message: bytes) -> tuple[bytes, bytes]:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(self._timeout)
                connection.connect(self._path)
                connection.sendall(message)
                return read_answer(connection)
        except OSError as error:
            raise NoAnswerError(f"{self._path}: {error}") from error

    @staticmethod
    def _result(method: str, written: bytes, complaint: bytes) -> Any:
        _, _, text = written.partition(b"\r\n\r\n")
        try:
            answer = json.loads(text)
        except ValueError as error:
            said = (complaint or text or written).decode(errors="replace").strip()[-500:]
            raise NoAnswerError(f"{method}: no JSON in the answer: {said}") from error
        if "error" in answer:
            fault = answer["error"]
            raise ApiError(f"{method}: {fault.get('data') or fault.get('message')}")
        return answer["result"]
