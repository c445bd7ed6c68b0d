"""Certificate authorities: profiles, name constraints as OpenSSL enforces them, renewal."""

import ipaddress
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smartcommune.targets import pki
from smartcommune.targets.provider.authority import HostAuthority

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = pki.HostNames(
    ("server-1.commune.example", "commune.example"), "10.20.3.10", excluded=("gateway-1.commune.example",)
)
ROOT = pki.issue_root("Phủ Thông root CA", "UBND Phủ Thông", now=NOW)
HOST = pki.issue_host_authority(ROOT, "server-1", NAMES, now=NOW)


def parse(pem: str) -> x509.Certificate:
    """Return the certificate in ``pem``."""
    return x509.load_pem_x509_certificate(pem.encode())


def subject(*common_names: str) -> x509.Name:
    """Return a subject of common names, in this order."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names])


def leaf(names: list[x509.GeneralName], named: x509.Name | None = None) -> str:
    """Return a certificate for ``names``, issued by the host's authority; the host's subject unless ``named``."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = serialization.load_pem_private_key(HOST.private_key.encode(), None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject(NAMES.names[0]) if named is None else named)
        .issuer_name(parse(HOST.certificate).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(issuer, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_the_root_signs_authorities_only() -> None:
    """The root is P-384 for 20 years, critical key usage certSign and crlSign, one level below it."""
    root = parse(ROOT.certificate)

    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 1)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, True)
    assert not usage.value.digital_signature
    assert isinstance(root.public_key(), ec.EllipticCurvePublicKey)
    assert root.public_key().curve.name == "secp384r1"
    assert (root.not_valid_after_utc - NOW).days == 7305


def test_a_hosts_authority_is_limited() -> None:
    """An issuing authority signs no authority, serves TLS servers only, and lives ten years."""
    host = parse(HOST.certificate)

    assert host.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    names = host.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    assert set(names.value.permitted_subtrees) == {
        x509.DNSName("server-1.commune.example"),
        x509.DNSName("commune.example"),
        x509.IPAddress(ipaddress.ip_network("10.20.3.10/32")),
        x509.DirectoryName(subject("server-1.commune.example")),
    }
    assert (host.not_valid_after_utc - NOW).days == 3652


def test_a_subject_is_told_as_others_compare_it() -> None:
    """Distinguished names are written in the order of RFC 4514, the common name first."""
    assert pki.subject_of(HOST.certificate).startswith("CN=server-1 issuing CA,O=")


@pytest.mark.parametrize(
    ("names", "accepted"),
    [
        ([x509.DNSName("server-1.commune.example"), x509.DNSName("commune.example")], True),
        ([x509.IPAddress(ipaddress.ip_address("10.20.3.10"))], True),
        ([x509.DNSName("gateway-1.commune.example")], False),
        ([x509.DNSName("bank.example")], False),
        ([x509.IPAddress(ipaddress.ip_address("10.20.3.11"))], False),
        ([x509.IPAddress(ipaddress.ip_address("fd00::1"))], False),
    ],
    ids=["own names", "own address", "another host below the bare domain", "foreign", "other address", "IPv6"],
)
def test_openssl_enforces_the_constraints(tmp_path: Path, names: list[x509.GeneralName], accepted: bool) -> None:
    """OpenSSL accepts a chain for the host's own names and address, and refuses any other."""
    for name, pem in (("root", ROOT.certificate), ("host", HOST.certificate), ("leaf", leaf(names))):
        (tmp_path / name).write_text(pem)

    chain = ["-CAfile", tmp_path / "root", "-untrusted", tmp_path / "host", tmp_path / "leaf"]
    then = ["-attime", str(int(NOW.timestamp()) + 60)]
    result = subprocess.run(
        ["openssl", "verify", "-x509_strict", *then, *chain], capture_output=True, text=True, check=False
    )
    assert ("permitted subtree violation" in result.stderr or "excluded subtree" in result.stderr) != accepted, result
    if accepted:
        assert result.stdout.endswith("OK\n"), result


@pytest.mark.parametrize(
    ("named", "accepted"),
    [
        (subject("server-1.commune.example"), True),
        (subject("server-1.commune.example", "gateway-1.commune.example"), True),
        (subject("gateway-1.commune.example"), False),
        (subject("gateway-1.commune.example", "server-1.commune.example"), False),
        (
            x509.Name(
                [
                    x509.RelativeDistinguishedName(
                        [
                            x509.NameAttribute(NameOID.COMMON_NAME, "gateway-1.commune.example"),
                            x509.NameAttribute(NameOID.COMMON_NAME, "server-1.commune.example"),
                        ]
                    )
                ]
            ),
            False,
        ),
        (x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "server-1.commune.example")]), False),
    ],
    ids=["own", "own first", "another's", "another's first", "both in one part", "no common name"],
)
def test_a_host_takes_no_other_hosts_account(tmp_path: Path, named: x509.Name, accepted: bool) -> None:
    """With its own name among the alternative names, a certificate's first common name is still the host's own."""
    for name, pem in (
        ("root", ROOT.certificate),
        ("host", HOST.certificate),
        ("leaf", leaf([x509.DNSName(NAMES.names[0])], named)),
    ):
        (tmp_path / name).write_text(pem)

    chain = ["-CAfile", tmp_path / "root", "-untrusted", tmp_path / "host", tmp_path / "leaf"]
    then = ["-attime", str(int(NOW.timestamp()) + 60), "-purpose", "sslclient"]
    result = subprocess.run(["openssl", "verify", *then, *chain], capture_output=True, text=True, check=False)
    assert ("permitted subtree violation" in result.stderr) != accepted, result
    assert result.stdout.endswith("OK\n") == accepted, result


@pytest.mark.parametrize("purpose", ["sslserver", "sslclient"])
def test_a_host_may_be_either_end(tmp_path: Path, purpose: str) -> None:
    """What a host's authority signs serves both ends of TLS, so that hosts know each other by certificates."""
    for name, pem in (
        ("root", ROOT.certificate),
        ("host", HOST.certificate),
        ("leaf", leaf([x509.DNSName(NAMES.names[0])])),
    ):
        (tmp_path / name).write_text(pem)

    chain = ["-CAfile", tmp_path / "root", "-untrusted", tmp_path / "host", tmp_path / "leaf"]
    then = ["-attime", str(int(NOW.timestamp()) + 60), "-purpose", purpose]
    result = subprocess.run(["openssl", "verify", *then, *chain], capture_output=True, text=True, check=False)
    assert result.stdout.endswith("OK\n"), result


def test_an_authority_for_servers_only_is_issued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority from before hosts were clients of each other counts as drift."""
    monkeypatch.setattr(pki, "_PURPOSES", pki._PURPOSES[:1])
    old = pki.issue_host_authority(ROOT, "server-1", NAMES, now=NOW).certificate
    monkeypatch.undo()

    assert "clients" in HostAuthority(lambda: NOW).drift({"certificate": old, "expires": ""})[0].reason.en
    assert not pki.lacks_purpose(HOST.certificate)


def test_an_authority_that_binds_no_subject_is_issued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority from before subjects were bound counts as drift."""
    monkeypatch.setattr(pki, "_account", lambda name: x509.Name([]))
    monkeypatch.setattr(x509, "DirectoryName", lambda name: x509.DNSName("commune.example"))
    old = pki.issue_host_authority(ROOT, "server-1", NAMES, now=NOW).certificate
    monkeypatch.undo()

    assert "subject" in HostAuthority(lambda: NOW).drift({"certificate": old, "expires": ""})[0].reason.en
    assert pki.binds_subject(HOST.certificate)


def test_names_below_ones_own_are_excluded() -> None:
    """Only names of other hosts that lie below one of one's own are worth excluding."""
    others = ("gateway-1.commune.example", "commune.example.org", "other.example")

    assert pki.excluded_names(("commune.example",), others) == ("gateway-1.commune.example",)
    assert pki.excluded_names(("server-1.commune.example",), others) == ()


@pytest.mark.parametrize(("years", "due"), [(0, False), (6.6, False), (6.7, True), (11, True)])
def test_renewal_is_due_in_the_last_third(years: float, due: bool) -> None:
    """A ten-year authority is due after two thirds of its life."""
    assert pki.renewal_due(HOST.certificate, now=NOW + years * pki.YEAR) is due


def test_an_authority_never_outlives_its_root() -> None:
    """Late in the root's life its authorities end with it."""
    late = pki.issue_host_authority(ROOT, "server-1", NAMES, now=NOW + 15 * pki.YEAR)

    assert parse(late.certificate).not_valid_after_utc == parse(ROOT.certificate).not_valid_after_utc


def test_the_resource_says_when_it_must_be_issued_again() -> None:
    """The provider's resource reports an ageing certificate as drift, and issues another one with another key."""
    inputs = {
        "host": "server-1",
        "names": list(NAMES.names),
        "address": NAMES.address,
        "excludedNames": [],
        "rootCertificate": ROOT.certificate,
        "rootPrivateKey": ROOT.private_key,
    }
    made = HostAuthority(lambda: NOW).create(inputs, urn="u")
    later = HostAuthority(lambda: NOW + 8 * pki.YEAR)
    again = later.update(made.id, made.properties, inputs, urn="u")

    assert "rootPrivateKey" not in made.properties
    assert HostAuthority(lambda: NOW).drift(made.properties) == ()
    assert "2036-11-23" in later.drift(made.properties)[0].reason.en
    assert later.drift(again) == ()
    assert again["privateKey"] != made.properties["privateKey"]
