"""``health``: exit 0 when the application answers on its socket and its database is there."""

from __future__ import annotations

import http.client
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

SOCKET = "/run/traceability/gunicorn.sock"
TIMEOUT = 10  # s


class SocketConnection(http.client.HTTPConnection):
    """HTTP over the application's unix socket."""

    def connect(self) -> None:
        """Connect; raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(SOCKET)


class Command(BaseCommand):
    """Ask the running application how it is."""

    help = "Check that the application answers."

    def handle(self, **_options: Any) -> None:
        """Ask; raises CommandError with what was seen."""
        connection = SocketConnection(settings.HOST, timeout=TIMEOUT)
        try:
            connection.request("GET", "/health", headers={"X-Forwarded-Proto": "https"})
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace")
        except OSError as error:
            raise CommandError(f"{SOCKET} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise CommandError(f"/health answers {answer.status}: {body[:200]}")
        self.stdout.write(body)
