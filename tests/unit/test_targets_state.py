"""Reading the engine's state file: resources, pending operations, secrets; and the outputs made of it."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartcommune.errors import NotProvisionedError, UsageError
from smartcommune.targets import state as state_module
from smartcommune.targets.layout import layout
from smartcommune.targets.outputs import fetch_outputs
from smartcommune.targets.provider.values import SECRET, SIGNATURE
from smartcommune.targets.state import Decrypter, State, StateError, load_state
from tests.target_sites import make_site

PASSPHRASE = "một hai ba"
URN = "urn:pulumi:test.lab::commune::smartcommune:component:Commune$smartcommune:{}::{}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fewer rounds of key derivation, and an empty state folder."""
    monkeypatch.setattr(state_module, "_ROUNDS", 10)
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)


def seal(text: str, salt: bytes = b"salzsalz") -> str:
    """Encrypt as the engine does."""
    key = hashlib.pbkdf2_hmac("sha256", PASSPHRASE.encode(), salt, 10, 32)
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def secret(value: str) -> dict[str, str]:
    """Return a secret property of the state."""
    return {SIGNATURE: SECRET, "ciphertext": seal(json.dumps(value))}


def salt() -> str:
    """Return the state's salt, with its check text."""
    return f"v1:{base64.b64encode(b'salzsalz').decode()}:{seal('pulumi')}"


def resource(type_: str, name: str, **outputs: Any) -> dict[str, Any]:
    """Return a resource of the state."""
    urn = URN.format(type_, name)
    return {"urn": urn, "type": f"smartcommune:{type_}", "id": f"id-{name}", "outputs": outputs}


def write_state(*resources: dict[str, Any], pending: tuple[str, ...] = ()) -> None:
    """Write the state file of the test Site."""
    path = layout(make_site()).state_file
    path.parent.mkdir(parents=True, exist_ok=True)
    latest = {
        "resources": list(resources),
        "pending_operations": [{"resource": {"urn": urn}, "type": "creating"} for urn in pending],
        "secrets_providers": {"type": "passphrase", "state": {"salt": salt()}},
    }
    path.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "x", "latest": latest}}))


IDENTITY = (
    resource("ssh:KeyPair", "test", publicKey="ssh-ed25519 AAAA x", privateKey=secret("PRIVATE")),
    resource("pki:CertificateAuthority", "test", certificate="ROOT", privateKey=secret("ROOTKEY")),
)


def test_an_absent_state_is_empty(tmp_path: Path) -> None:
    """Before the first run there is nothing, and that is no error."""
    assert load_state(tmp_path / "none.json") == State()


@pytest.mark.parametrize("text", ["", "{}", '{"checkpoint": {"latest": {"resources": [{}]}}}', "[1]"])
def test_a_damaged_state_is_one_clear_error(tmp_path: Path, text: str) -> None:
    """A truncated or strange file is named, with what to do."""
    path = tmp_path / "x.json"
    path.write_text(text)

    with pytest.raises(StateError, match=r"x\.json is damaged") as error:
        load_state(path)
    assert error.value.todo is not None


def test_pending_operations_are_listed() -> None:
    """Operations that were cut are known by their URNs."""
    write_state(pending=(URN.format("lab:Machine", "server-1"),))

    assert load_state(layout(make_site()).state_file).pending == (URN.format("lab:Machine", "server-1"),)


def test_outputs_are_decrypted_in_the_sites_order() -> None:
    """Hosts, secrets, keys and authorities come out by name, lab hosts with their namespace and source."""
    write_state(
        *IDENTITY,
        resource("lab:Machine", "server-2", address="10.99.3.11", hostKey="k2", namespace="sc-test"),
        resource("lab:Machine", "server-1", address="10.99.3.10", hostKey="k1", namespace="sc-test"),
        resource("secret:Token", "server-1/shop/django_key", value=secret("KEY")),
        resource("pki:HostAuthority", "server-1", certificate="CERT", privateKey=secret("HOSTKEY")),
    )

    outputs = fetch_outputs(make_site())
    assert list(outputs.hosts) == ["server-1", "server-2"]
    first = outputs.hosts["server-1"]
    assert (first.netns, first.source_address, first.user, first.port) == ("sc-test", "10.99.6.1", "commune", 22)
    assert outputs.secrets == {"server-1/shop/django_key": "KEY"}
    assert (outputs.ssh.private, outputs.authorities["server-1"].private_key) == ("PRIVATE", "HOSTKEY")
    assert "PRIVATE" not in repr(outputs)
    assert "KEY" not in repr(outputs)


def test_existing_hosts_are_reached_directly() -> None:
    """A machine that already stands has its own port and user and no namespace."""
    write_state(
        *IDENTITY,
        resource("existing:Machine", "server-1", address="192.0.2.7", port=2222, user="admin", hostKey="k"),
    )

    host = fetch_outputs(make_site()).hosts["server-1"]
    assert (host.address, host.port, host.user, host.netns) == ("192.0.2.7", 2222, "admin", None)


def test_a_commune_that_was_never_made_says_so() -> None:
    """Without a state the error names the command that makes it, and is a matter of use."""
    with pytest.raises(NotProvisionedError) as error:
        fetch_outputs(make_site())

    assert error.value.exit_code == 2
    assert error.value.todo is not None
    assert "smartcommune apply test --target lab" in error.value.todo.en


def test_a_wrong_passphrase_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another passphrase is recognised before anything is decrypted."""
    write_state(*IDENTITY)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "falsch")

    with pytest.raises(UsageError, match="not the passphrase"):
        fetch_outputs(make_site())


def test_an_unknown_salt_is_refused() -> None:
    """A newer encryption is not guessed at."""
    with pytest.raises(StateError, match="v9"):
        Decrypter(PASSPHRASE, "v9:x:y")


def test_the_digest_ignores_encryption_anew() -> None:
    """Encrypting the same secret again does not make another state; another resource does."""
    path = layout(make_site()).state_file
    write_state(*IDENTITY)
    before = load_state(path).digest()
    write_state(IDENTITY[0], resource("pki:CertificateAuthority", "test", certificate="ROOT", privateKey=secret("R")))
    same = load_state(path).digest()
    write_state(IDENTITY[0])

    assert same == before
    assert load_state(path).digest() != before
