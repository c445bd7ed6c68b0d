"""Exit 0 when the running application answers and reads its database: asks ``/health`` over its socket."""

from __future__ import annotations

import http.client
import socket
import sys

SOCKET = "/run/traceability/gunicorn.sock"
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
        connection.request("GET", "/health", headers={"X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{SOCKET} does not answer: {error}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(f"{answer.status} {body[:200]}\n")
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
