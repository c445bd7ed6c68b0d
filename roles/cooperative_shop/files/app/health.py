"""Exit 0 when the running shop answers and reads its database: asks ``/health`` over its socket."""

from __future__ import annotations

import http.client
import socket
import sys

SOCKET = "/run/cooperative_shop/gunicorn.sock"
TIMEOUT = 10  # s


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self) -> None:
        """Connect; raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(SOCKET)


def main() -> int:
    """Ask, say what was seen, and return the exit status."""
    connection = SocketConnection("localhost", timeout=TIMEOUT)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer on {SOCKET}: {error}")
        return 1
    print(body)
    return 0 if answer.status == http.HTTPStatus.OK else 1


if __name__ == "__main__":
    sys.exit(main())
