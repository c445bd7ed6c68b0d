"""Sockets in a lab: connecting, waiting for a greeting, and the fake that tests use instead."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest

from smartcommune.transports import fdpass
from smartcommune.transports.lab_socket import FakeNetwork, connect, wait_banner


@pytest.fixture
def listener():
    """A listening socket on this computer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_without_a_namespace_the_connection_is_made_here(listener):
    """An existing host is reached from here, from the address asked for."""
    with connect(None, "127.0.0.1", listener.getsockname()[1], "127.0.0.2") as near:
        far, peer = listener.accept()
        far.close()
        assert near.gettimeout() == 5.0
    assert peer[0] == "127.0.0.2"


def test_a_namespace_that_is_not_there_is_an_error():
    """A lab that was removed gives the error that names its namespace."""
    with pytest.raises(FileNotFoundError, match="sc-no-such-lab"):
        connect("sc-no-such-lab", "127.0.0.1", 22)


def test_waiting_ends_with_the_greeting(listener):
    """A server that greets as SSH is ready."""

    def greet() -> None:
        far, _ = listener.accept()
        far.sendall(b"SSH-2.0-x\r\n")
        far.close()

    thread = threading.Thread(target=greet)
    thread.start()
    assert wait_banner(None, "127.0.0.1", listener.getsockname()[1], timeout=5)
    thread.join()


@pytest.mark.parametrize(
    ("greeting", "ready"), [(b"SSH-2.0-OpenSSH\r\n", True), (b"HTTP/1.1 400\r\n", False), (b"", False)]
)
def test_only_an_ssh_server_counts(greeting, ready):
    """Something else on the port, or an empty connection, is not readiness."""
    network = FakeNetwork({("10.20.3.10", 22): greeting})
    found = wait_banner("sc-x", "10.20.3.10", source="10.20.6.1", timeout=0.01, open_connection=network)
    assert found is ready
    assert network.calls[0] == ("sc-x", "10.20.3.10", 22, "10.20.6.1")


def test_the_fake_refuses_what_it_does_not_know():
    """A fake network has the services it was given and no others."""
    with pytest.raises(ConnectionRefusedError):
        FakeNetwork({})(None, "10.20.3.10", 443)


def test_handing_over_says_why_it_cannot():
    """The ProxyCommand ends with one line that names host and namespace, and no traceback."""
    command = [sys.executable, "-S", fdpass.__file__, "sc-no-such-lab", "-", "10.20.3.10", "22"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "10.20.3.10 port 22 in sc-no-such-lab: No such file or directory\n"
