"""Resources ``pki:CertificateAuthority`` (the commune's root) and ``pki:HostAuthority`` (one host's issuing CA)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar

from smartcommune.targets import pki
from smartcommune.targets.provider.resource import Created, Drift, Input, Properties, Recorded
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


class CertificateAuthority(Recorded):
    """The root: made once. Another name would be another root, which every phone would have to trust anew."""

    type: ClassVar[str] = "smartcommune:pki:CertificateAuthority"
    inputs: ClassVar[Mapping[str, Input]] = {
        "commonName": Input(str, "replace"),
        "organization": Input(str, "replace"),
    }
    outputs: ClassVar[frozenset[str]] = frozenset({"certificate", "privateKey", "expires"})
    secrets: ClassVar[frozenset[str]] = frozenset({"privateKey"})

    def __init__(self, now: Callable[[], datetime] = pki.utc_now) -> None:
        self._now = now

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Issue the root."""
        root = pki.issue_root(inputs["commonName"], inputs["organization"], now=self._now())
        return _created(inputs, root)

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Keep the root: none of its inputs changes in place."""
        return old


class HostAuthority(Recorded):
    """A host's issuing CA; issued again when its names or the root change, or its life ends."""

    type: ClassVar[str] = "smartcommune:pki:HostAuthority"
    inputs: ClassVar[Mapping[str, Input]] = {
        "host": Input(str, "replace"),
        "names": Input(list, "update"),
        "address": Input(str, "update"),
        "excludedNames": Input(list, "update"),
        "rootCertificate": Input(str, "update"),
        "rootPrivateKey": Input(str, "ignore", secret=True),
    }
    outputs: ClassVar[frozenset[str]] = frozenset({"certificate", "privateKey", "expires"})
    secrets: ClassVar[frozenset[str]] = frozenset({"privateKey"})

    def __init__(self, now: Callable[[], datetime] = pki.utc_now) -> None:
        self._now = now

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Issue the authority."""
        return _created(self._public(inputs), self._issue(inputs))

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Issue it again, with a new key."""
        return _created(self._public(inputs), self._issue(inputs)).properties

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when the certificate is in the last third of its life, or leaves out what newer ones say."""
        if pki.lacks_purpose(properties["certificate"]):
            return (
                Drift(
                    "certificate",
                    Text(
                        vi="chứng thư cũ chỉ ký được cho máy chủ TLS, không ký được cho máy khách",
                        en="the certificate is an old one that may sign for TLS servers, not for clients",
                    ),
                ),
            )
        if not pki.binds_subject(properties["certificate"]):
            return (
                Drift(
                    "certificate",
                    Text(
                        vi="chứng thư cũ không ràng buộc tên chủ thể: máy này có thể mạo tên máy khác",
                        en="the certificate is an old one that binds no subject: the host could take another's name",
                    ),
                ),
            )
        if not pki.renewal_due(properties["certificate"], now=self._now()):
            return ()
        day = properties["expires"][:10]
        return (
            Drift(
                "certificate",
                Text(
                    vi=f"chứng thư hết hạn ngày {day}, còn chưa đến một phần ba thời hạn",
                    en=f"the certificate expires on {day}: less than a third of its life is left",
                ),
            ),
        )

    def _issue(self, inputs: Properties) -> pki.Authority:
        names = pki.HostNames(tuple(inputs["names"]), inputs["address"], tuple(inputs["excludedNames"]))
        root = pki.Authority(inputs["rootCertificate"], inputs["rootPrivateKey"])
        return pki.issue_host_authority(root, inputs["host"], names, now=self._now())

    @staticmethod
    def _public(inputs: Properties) -> Properties:
        """Leave the root's key out of the properties: its place is the root's own record."""
        return {key: value for key, value in inputs.items() if key != "rootPrivateKey"}


def _created(inputs: Properties, authority: pki.Authority) -> Created:
    expires = pki.expiry(authority.certificate)
    properties = {
        **inputs,
        "certificate": authority.certificate,
        "privateKey": authority.private_key,
        "expires": expires.isoformat(),
    }
    return Created(hashlib.sha256(authority.certificate.encode()).hexdigest()[:16], properties)
