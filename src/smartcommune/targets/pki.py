"""Certificate authorities: the commune's root, and one issuing authority a host that can sign for that host only.

Pure: keys and certificates in, keys and certificates out, as PEM. Profiles follow RFC 5280: 4.2.1.3 (key
usage), 4.2.1.9 (basic constraints), 4.2.1.10 (name constraints, critical).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = timedelta(days=365.25)
ROOT_LIFE = 20 * YEAR
HOST_LIFE = 10 * YEAR
_PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)  # both ends of TLS between hosts
CLOCK_SKEW = timedelta(hours=1)  # a machine whose clock is a little late must accept what was just issued


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: certificate and private key as PEM."""

    certificate: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HostNames:
    """What an issuing authority may sign for: the host's names and address.

    A permitted name permits all names below it (RFC 5280 4.2.1.10), so ``excluded`` lists the names of other
    hosts that lie below one of ``names``. The first of ``names`` is also the only common name that a certificate may
    begin its subject with: programs that take the common name for an account, as an MQTT broker does, take the first.
    """

    names: tuple[str, ...]
    address: str
    excluded: tuple[str, ...] = ()


def issue_root(common_name: str, organization: str, *, now: datetime) -> Authority:
    """Return a new root: ECDSA P-384, 20 years, may sign authorities that sign no further authority."""
    key = ec.generate_private_key(ec.SECP384R1())
    subject = _name(common_name, organization)
    certificate = (
        _authority(subject, subject, key.public_key(), path_length=1, start=now - CLOCK_SKEW, end=now + ROOT_LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA384())
    )
    return _pem(certificate, key)


def issue_host_authority(root: Authority, host: str, names: HostNames, *, now: datetime) -> Authority:
    """Return an issuing authority of one host: ECDSA P-256, 10 years at most, TLS with its names only."""
    issuer = x509.load_pem_x509_certificate(root.certificate.encode())
    issuer_key = _private_key(root.private_key)
    key = ec.generate_private_key(ec.SECP256R1())
    organization = issuer.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    end = min(now + HOST_LIFE, issuer.not_valid_after_utc)
    builder = _authority(
        _name(f"{host} issuing CA", str(organization)),
        issuer.subject,
        key.public_key(),
        path_length=0,
        start=now - CLOCK_SKEW,
        end=end,
    )
    constraints = x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(name) for name in names.names),
            x509.IPAddress(ipaddress.ip_network(f"{names.address}/32")),
            x509.DirectoryName(_account(names.names[0])),
        ],
        excluded_subtrees=[x509.DNSName(name) for name in names.excluded] or None,
    )
    certificate = (
        builder.add_extension(constraints, critical=True)
        .add_extension(x509.ExtendedKeyUsage(_PURPOSES), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            ),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA384())
    )
    return _pem(certificate, key)


def excluded_names(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the ``others`` that lie below one of ``names``, sorted."""
    return tuple(sorted({other for other in others for name in names if other.endswith(f".{name}")} - set(names)))


def renewal_due(certificate: str, *, now: datetime) -> bool:
    """Return whether less than a third of the certificate's life is left."""
    parsed = x509.load_pem_x509_certificate(certificate.encode())
    life = parsed.not_valid_after_utc - parsed.not_valid_before_utc
    return parsed.not_valid_after_utc - now < life / 3


def lacks_purpose(certificate: str) -> bool:
    """Return whether an authority of a host may not sign for both ends of TLS, as one issued long ago may not."""
    usage = x509.load_pem_x509_certificate(certificate.encode()).extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    )
    return not set(_PURPOSES) <= set(usage.value)


def binds_subject(certificate: str) -> bool:
    """Return whether an authority of a host binds the subjects of what it signs, which one issued long ago does not."""
    names = x509.load_pem_x509_certificate(certificate.encode()).extensions.get_extension_for_class(
        x509.NameConstraints
    )
    return any(isinstance(name, x509.DirectoryName) for name in names.value.permitted_subtrees or ())


def expiry(certificate: str) -> datetime:
    """Return when the certificate ends."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


@cache
def subject_of(certificate: str) -> str:
    """Return the distinguished name of a certificate's subject, as in RFC 4514."""
    return x509.load_pem_x509_certificate(certificate.encode()).subject.rfc4514_string()


def utc_now() -> datetime:
    """Return the present time: the one clock of this package, replaceable in tests."""
    return datetime.now(UTC)


def _account(name: str) -> x509.Name:
    """Return the subject of a host's own certificates; a common name has 64 characters at most (RFC 5280, A.1)."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    path_length: int,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
    )


def _private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"expected an elliptic curve key, found {type(key).__name__}")
    return key


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Authority:
    return Authority(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )
