#!/usr/bin/python3 -I
"""Exit 0 when a running application answers and reads its database: asks ``/health`` over its socket.

``python-app-health NAME``, as a service's catalogue entry has it. Installed once for all applications of a host.
"""

from __future__ import annotations

import http.client
import socket
import sys

TIMEOUT = 10  # s


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = path

    def connect(self) -> None:
        """Connect; raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)


def ask(path: str) -> tuple[int, str]:
    """Return the status and the words of the application at the socket, 0 when it does not answer."""
    connection = SocketConnection(path)
    try:
        connection.request("GET", "/health", headers={"X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        return answer.status, answer.read(200).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, f"no answer on {path}: {error}"
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """Ask the application that is named, say what was seen, and return the exit status."""
    if len(arguments) != 1:
        print("usage: python-app-health NAME", file=sys.stderr)
        return 2
    status, words = ask(f"/run/{arguments[0]}/gunicorn.sock")
    print(words)
    return 0 if status == http.HTTPStatus.OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
