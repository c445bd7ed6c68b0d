"""The words for resources: what people call a thing that the engine calls by its URN."""

from __future__ import annotations

from smartcommune.text import Text

_NOUNS = {
    "smartcommune:lab:Network": Text(vi="mạng", en="network"),
    "smartcommune:lab:Machine": Text(vi="máy", en="machine"),
    "smartcommune:lab:Simulator": Text(vi="thiết bị giả lập (simulator)", en="simulated device (simulator)"),
    "smartcommune:existing:Machine": Text(vi="máy có sẵn", en="existing machine"),
    "smartcommune:secret:Password": Text(vi="mật khẩu", en="password"),
    "smartcommune:secret:Token": Text(vi="khóa bí mật", en="token"),
    "smartcommune:ssh:KeyPair": Text(vi="cặp khóa SSH", en="SSH key pair"),
    "smartcommune:pki:CertificateAuthority": Text(vi="CA gốc", en="root CA"),
    "smartcommune:pki:HostAuthority": Text(vi="CA cấp phát của máy", en="issuing CA of"),
}


def type_of(urn: str) -> str:
    """Return the resource type in ``urn:pulumi:<stack>::<project>::<parents>$<type>::<name>``."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """Return the name in a URN."""
    return urn.rsplit("::", 1)[-1]


def is_thing(urn: str) -> bool:
    """Return whether the resource is one that people know, and not a component or the stack itself."""
    return type_of(urn) in _NOUNS


def subject_of(urn: str) -> Text:
    """Return ``machine server-1``."""
    noun, name = _NOUNS[type_of(urn)], name_of(urn)
    return Text(vi=f"{noun.vi} {name}", en=f"{noun.en} {name}")


def order_of(urn: str) -> tuple[int, str]:
    """Return where the thing stands in a list for people: networks, machines, secrets, authorities; then by name."""
    return list(_NOUNS).index(type_of(urn)), name_of(urn)
