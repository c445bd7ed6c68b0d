"""OpenSSH's way into a lab: ``python -S fdpass.py NETNS SOURCE HOST PORT`` as ProxyCommand with ``ProxyUseFdpass yes``.

Opens a TCP connection inside the network namespace, hands it to ssh over standard output, and ends: no process stays
between ssh and the host. SOURCE is the address to come from, ``-`` for any. Standard library only, run as a script.
"""

import array
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
TIMEOUT = 15.0


def enter(netns: str) -> None:
    """Move this process into a named network namespace; raises OSError."""
    descriptor = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def main(netns: str, source: str, host: str, port: str) -> int:
    """Connect and hand the socket over; return 1 with a line on standard error when that fails."""
    try:
        enter(netns)
        connection = socket.create_connection((host, int(port)), TIMEOUT, None if source == "-" else (source, 0))
    except OSError as error:
        sys.stderr.write(f"{host} port {port} in {netns}: {error.strerror or error}\n")
        return 1
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handle = array.array("i", [connection.fileno()])
    with socket.socket(fileno=sys.stdout.fileno()) as channel:
        channel.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handle)])
        channel.detach()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
