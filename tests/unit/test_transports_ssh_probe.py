"""First and later contact by the real ssh client, with a small SSH server that answers on loopback."""

import socket
from dataclasses import replace

import pytest

from smartcommune.errors import NotReachedError
from smartcommune.targets.provider.secret import KeyPair
from smartcommune.transports.ssh_probe import HostKeyChangedError, Login, LoginRefusedError, probe
from tests.ssh_server import host_key, serving

KEYS = KeyPair().create({"comment": "smartcommune@test"}, urn="u").properties
OTHER_KEYS = KeyPair().create({"comment": "smartcommune@test"}, urn="u").properties


def login(port: int) -> Login:
    """Return how to log in."""
    return Login("server-1", "127.0.0.1", port, "commune", KEYS["publicKey"], KEYS["privateKey"])


def test_the_first_contact_learns_key_and_system() -> None:
    """Without a pin the shown key is returned, with the system; with that pin the next contact succeeds."""
    key = host_key()
    with serving(key, KEYS["publicKey"]) as port:
        facts = probe(login(port), None)
        again = probe(login(port), facts.host_key)

    assert facts.host_key == f"ssh-ed25519 {key.get_base64()}"
    assert (facts.os_id, facts.os_version, facts.os_name) == ("debian", "13", "Debian GNU/Linux 13 (trixie)")
    assert again == facts


def test_another_key_is_recognised() -> None:
    """A machine with another host key than the pinned one is not logged in to, and its fingerprint is told."""
    with (
        serving(host_key(), KEYS["publicKey"]) as port,
        pytest.raises(HostKeyChangedError, match=r"it is now SHA256:\S{43}") as error,
    ):
        probe(login(port), f"ssh-ed25519 {host_key().get_base64()}")

    assert error.value.todo is not None
    assert "--accept-host-key server-1" in error.value.todo.en


def test_a_refused_key_says_which_line_to_add() -> None:
    """The remedy has the very line for authorized_keys."""
    with serving(host_key(), KEYS["publicKey"]) as port, pytest.raises(LoginRefusedError) as error:
        probe(replace(login(port), private_key=OTHER_KEYS["privateKey"]), None)

    assert error.value.todo is not None
    assert KEYS["publicKey"] in error.value.todo.vi


def test_a_closed_port_is_not_reached() -> None:
    """Nobody listening is told apart from a refusal."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(NotReachedError, match="Connection refused"):
        probe(login(port), None)
