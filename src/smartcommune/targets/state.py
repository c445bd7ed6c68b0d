"""The engine's state file, read without the engine: resources, pending operations, decrypted secrets.

Format: the engine's ``sdk/go/common/apitype`` (deployment v3) and ``sdk/go/common/resource/config/crypt.go``
(passphrase: PBKDF2-HMAC-SHA256, 1,000,000 rounds, AES-256-GCM). Reading needs no lock: the file backend replaces
the file whole.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartcommune.errors import SmartCommuneError, UsageError
from smartcommune.targets.provider.values import SECRET, SIGNATURE
from smartcommune.targets.vocabulary import name_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from pathlib import Path

_ROUNDS = 1_000_000


class StateError(SmartCommuneError):
    """The state file is not what the pinned engine writes."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the state; secrets in ``outputs`` are still encrypted."""

    urn: str
    type: str
    id: str
    outputs: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The name the program gave it."""
        return name_of(self.urn)


@dataclass(frozen=True, slots=True)
class State:
    """A stack's state: its resources, operations cut before their end, and the salt of its encryption."""

    resources: tuple[Resource, ...] = ()
    pending: tuple[str, ...] = ()
    salt: str | None = None

    def of_type(self, type_: str) -> dict[str, Resource]:
        """Return the resources of one type by name."""
        return {resource.name: resource for resource in self.resources if resource.type == type_}

    def digest(self) -> str:
        """Return a hash of what is recorded; encryption anew of the same secret does not change it."""
        plain = [[item.urn, item.id, _without_ciphertext(item.outputs)] for item in self.resources]
        return hashlib.sha256(json.dumps(sorted(plain), sort_keys=True).encode()).hexdigest()


def load_state(path: Path) -> State:
    """Return the state in ``path``; an absent file is an empty state. Raises StateError."""
    try:
        checkpoint = json.loads(path.read_bytes())["checkpoint"]
        latest = checkpoint.get("latest") or {}
        resources = tuple(
            Resource(item["urn"], item["type"], item.get("id", ""), item.get("outputs") or {})
            for item in latest.get("resources") or ()
            if not item.get("delete")
        )
        pending = tuple(item["resource"]["urn"] for item in latest.get("pending_operations") or ())
        provider = latest.get("secrets_providers") or {}
        return State(resources, pending, (provider.get("state") or {}).get("salt"))
    except FileNotFoundError:
        return State()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            Text(vi=f"tệp trạng thái {path} bị hỏng: {error}", en=f"the state file {path} is damaged: {error}"),
            todo=Text(
                vi="khôi phục nó từ thư mục backups bên cạnh, rồi chạy lại",
                en="restore it from the backups folder beside it, then run again",
            ),
        ) from error


def wrong_passphrase() -> UsageError:
    """Return the error for a passphrase that the state was not encrypted with."""
    return UsageError(
        Text(vi="mật khẩu trạng thái không đúng", en="this is not the passphrase of the state"),
        todo=Text(
            vi="đặt lại PULUMI_CONFIG_PASSPHRASE hoặc PULUMI_CONFIG_PASSPHRASE_FILE như lần chạy đầu",
            en="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE as in the first run",
        ),
    )


class Decrypter:
    """Decrypts the secrets of one state; deriving the key costs about 0.2 s, once."""

    def __init__(self, passphrase: str, salt: str) -> None:
        version, encoded, check = salt.split(":", 2)
        if version != "v1":
            raise StateError(Text(vi=f"muối kiểu {version} lạ", en=f"unknown kind of salt {version}"))
        key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), base64.b64decode(encoded), _ROUNDS, 32)
        self._cipher = AESGCM(key)
        try:
            self._decrypt(check)
        except InvalidTag:
            raise wrong_passphrase() from None

    def value(self, value: Any) -> Any:
        """Return a property with its secret opened; what is no secret comes back as it is."""
        if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
            return json.loads(self._decrypt(value["ciphertext"]))
        return value

    def _decrypt(self, text: str) -> str:
        _, nonce, sealed = text.split(":")
        return self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()


def _without_ciphertext(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ciphertext(item) for key, item in value.items() if key != "ciphertext"}
    if isinstance(value, list):
        return [_without_ciphertext(item) for item in value]
    return value
