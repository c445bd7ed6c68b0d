"""Ansible filters ``ssh_private_key`` and ``ssh_public_key``: ed25519 keys out of secrets that the state keeps.

Both sides of a connection know each other's public key in one pass, and a machine that is made anew has the key that it
had. The seed is the SHA-256 of a fixed word and the secret; another derivation would be another word. Both filters are
pure: OpenSSH's own form of a private key has a random number in it, here it comes from the seed too.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DOCUMENTATION = r"""
name: ssh_private_key
short_description: An SSH key out of a secret
description: ["Returns the ed25519 private key, in OpenSSH's form, that belongs to a secret of the state."]
options:
  _input: {description: The secret, at least 32 characters., type: str, required: true}
  comment: {description: Whose key it is., type: str, default: ""}
"""
_PURPOSE = b"smartcommune ssh private key 1\0"
_KIND = b"ssh-ed25519"
_SHORTEST = 32


def ssh_public_key(secret: str, comment: str = "") -> str:
    """Return the public key of a secret, as ``authorized_keys`` and ``known_hosts`` have it."""
    blob = base64.b64encode(_public_blob(_public(_seed(secret)))).decode()
    return " ".join(filter(None, (_KIND.decode(), blob, comment)))


def ssh_private_key(secret: str, comment: str = "") -> str:
    """Return the private key of a secret, as a file for OpenSSH."""
    seed = _seed(secret)
    public = _public(seed)
    check = hashlib.sha256(_PURPOSE + seed).digest()[:4]
    inner = check + check + _text(_KIND) + _text(public) + _text(seed + public) + _text(comment.encode())
    inner += bytes(range(1, 1 + -len(inner) % 8))
    outer = b"openssh-key-v1\0" + _text(b"none") + _text(b"none") + _text(b"") + struct.pack(">I", 1)
    body = base64.b64encode(outer + _text(_public_blob(public)) + _text(inner)).decode()
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""])


def _seed(secret: str) -> bytes:
    if len(secret) < _SHORTEST:
        raise AnsibleFilterError(f"a key needs a secret of at least {_SHORTEST} characters")
    return hashlib.sha256(_PURPOSE + secret.encode()).digest()


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _public_blob(public: bytes) -> bytes:
    return _text(_KIND) + _text(public)


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


class FilterModule:
    """The filters, by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them."""
        return {"ssh_private_key": ssh_private_key, "ssh_public_key": ssh_public_key}
