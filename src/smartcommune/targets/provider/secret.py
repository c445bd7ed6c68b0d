"""Resources ``secret:Password``, ``secret:Token`` and ``ssh:KeyPair``: born here, kept in the encrypted state."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from smartcommune.targets.passwords import Kind, generate
from smartcommune.targets.provider.resource import Created, Input, Properties, Recorded
from smartcommune.targets.vocabulary import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Generated(Recorded):
    """A random text of a given length; another length is another secret."""

    kind: ClassVar[Kind]
    inputs: ClassVar[Mapping[str, Input]] = {"length": Input(int, "replace")}
    outputs: ClassVar[frozenset[str]] = frozenset({"value"})
    secrets: ClassVar[frozenset[str]] = frozenset({"value"})

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Generate the text. The id tells one generation from the next and says nothing of the value."""
        identity = generate("token", 12)
        return Created(f"{name_of(urn)}#{identity}", {**inputs, "value": generate(self.kind, inputs["length"])})

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Keep the value."""
        return {**inputs, "value": old["value"]}


class Password(_Generated):
    """A password that people may have to type."""

    type: ClassVar[str] = "smartcommune:secret:Password"
    kind: ClassVar[Kind] = "password"


class Token(_Generated):
    """A key that only programs see."""

    type: ClassVar[str] = "smartcommune:secret:Token"
    kind: ClassVar[Kind] = "token"


class KeyPair(Recorded):
    """An ed25519 SSH key pair: the toolkit's way into the machines."""

    type: ClassVar[str] = "smartcommune:ssh:KeyPair"
    inputs: ClassVar[Mapping[str, Input]] = {"comment": Input(str, "update")}
    outputs: ClassVar[frozenset[str]] = frozenset({"publicKey", "privateKey"})
    secrets: ClassVar[frozenset[str]] = frozenset({"privateKey"})

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Generate the pair; the private part is in OpenSSH's own format, without passphrase."""
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ).decode()
        public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        properties = {**inputs, "publicKey": f"{public.decode()} {inputs['comment']}", "privateKey": private}
        return Created(hashlib.sha256(public).hexdigest()[:16], properties)

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Keep the pair under another comment."""
        public = " ".join(old["publicKey"].split(" ")[:2])
        return {**inputs, "publicKey": f"{public} {inputs['comment']}", "privateKey": old["privateKey"]}
