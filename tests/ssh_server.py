"""A small SSH server on loopback: stands for a machine that already stands."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RELEASE = b'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'


class Server(paramiko.ServerInterface):
    """Lets one key in, and answers every command with an os-release."""

    def __init__(self, authorized: str) -> None:
        self._authorized = authorized.split()[1]

    def get_allowed_auths(self, username: str) -> str:
        """Allow keys only."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Compare the key."""
        known = username == "commune" and key.get_base64() == self._authorized
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Open sessions."""
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """Answer, and end the session."""

        def answer() -> None:
            channel.sendall(RELEASE)
            channel.send_exit_status(0)
            channel.close()

        threading.Timer(0.05, answer).start()
        return True


def host_key() -> paramiko.PKey:
    """Return a new host key."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return paramiko.Ed25519Key.from_private_key(StringIO(pem.decode()))


@contextmanager
def serving(key: paramiko.PKey, authorized: str, port: int = 0) -> Iterator[int]:
    """Serve on loopback with this host key, for the owner of the ``authorized`` key; yield the port."""
    listener = socket.create_server(("127.0.0.1", port))
    transports: list[paramiko.Transport] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.start_server(event=threading.Event(), server=Server(authorized))
            transports.append(transport)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for transport in transports:
            transport.close()
