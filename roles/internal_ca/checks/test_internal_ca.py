"""Checks of trust and certificate: the chain holds, the authority is bound to its names, renewal needs nobody."""

import datetime
import json

import pytest

FOLDER = "/etc/commune-tls"
AUTHORITY = "/etc/commune-ca"


def end_of(host, certificate):
    """Return when a certificate ends."""
    text = host.check_output("openssl x509 -in %s -noout -enddate -dateopt iso_8601", certificate).partition("=")[2]
    return datetime.datetime.fromisoformat(text)


@pytest.mark.title(vi="Máy tin gốc chứng thư của xã", en="The machine trusts the commune's root")
def test_root_is_trusted(host):
    """The machine trusts the commune's root."""
    bundle = "/etc/ssl/certs/ca-certificates.crt"

    assert host.run("openssl verify -CAfile %s %s/root.pem", bundle, AUTHORITY).succeeded


@pytest.mark.title(
    vi="Chứng thư đúng tên máy và nối tới gốc của xã",
    en="The certificate carries the machine's names and leads to the root",
)
def test_chain_holds_for_every_name(host, commune):
    """The certificate carries the machine's names and leads to the root."""
    chain = f"-CAfile {FOLDER}/root.pem -untrusted {AUTHORITY}/issuer.pem {FOLDER}/certificate.pem"

    for name in [commune["commune_host"]["fqdn"], *commune["commune_host"]["names"]]:
        assert host.run(f"openssl verify -purpose sslserver -verify_hostname %s {chain}", name).succeeded


@pytest.mark.title(
    vi="Chứng thư còn hạn, không đến kỳ gia hạn", en="The certificate is valid and no renewal is overdue"
)
def test_no_renewal_is_due(host):
    """The certificate is valid and no renewal is overdue."""
    assert host.run("/usr/local/sbin/commune-tls-renew --verify").rc == 0


@pytest.mark.title(vi="Chứng thư tự gia hạn", en="The certificate renews itself")
def test_certificate_renews_itself(host):
    """The certificate renews itself."""
    scratch = host.check_output("mktemp --directory")
    try:
        renew = f"/usr/local/sbin/commune-tls-renew --folder {scratch}"
        host.run_expect([0], f"{renew} --days 7")
        short = end_of(host, f"{scratch}/certificate.pem")
        host.run_expect([0], f"{renew} --days 90")
        renewed = end_of(host, f"{scratch}/certificate.pem")
        host.run_expect([0], f"{renew} --days 90")

        assert renewed - short > datetime.timedelta(days=80)
        assert end_of(host, f"{scratch}/certificate.pem") == renewed
    finally:
        host.run("rm -r %s", scratch)
    assert host.service("commune-tls-renew.timer").is_running
    assert host.service("commune-tls-renew.timer").is_enabled


@pytest.mark.title(vi="Máy không cấp được chứng thư cho tên khác", en="The machine cannot certify another name")
def test_authority_is_bound_to_its_names(host):
    """The machine cannot certify another name."""
    scratch = host.check_output("mktemp --directory")
    try:
        host.run_expect(
            [0],
            f"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x"
            f" -keyout {scratch}/key -out {scratch}/request",
        )
        names = json.dumps("subjectAltName = DNS:elsewhere.example.vn")
        host.run_expect([0], f"printf '%b' {names} > {scratch}/names")
        issuer = f"-CA {AUTHORITY}/issuer.pem -CAkey {AUTHORITY}/issuer.key"
        host.run_expect(
            [0],
            f"openssl x509 -req -days 1 -in {scratch}/request {issuer} -extfile {scratch}/names -out {scratch}/leaf",
        )
        verdict = host.run(
            f"openssl verify -CAfile {AUTHORITY}/root.pem -untrusted {AUTHORITY}/issuer.pem {scratch}/leaf"
        )
    finally:
        host.run("rm -r %s", scratch)

    assert verdict.failed
    assert "permitted subtree violation" in verdict.stderr + verdict.stdout


@pytest.mark.title(vi="Khóa riêng được giữ kín", en="Private keys are kept to themselves")
def test_keys_are_private(host):
    """Private keys are kept to themselves."""
    assert host.file(AUTHORITY).mode == 0o700
    assert host.file(f"{AUTHORITY}/issuer.key").mode == 0o600
    leaf = host.file(host.check_output("readlink --canonicalize %s/private-key.pem", FOLDER))
    assert (leaf.user, leaf.group, leaf.mode) == ("root", "commune-tls", 0o640)


@pytest.mark.title(vi="Việc gia hạn chạy trong hộp cát", en="The renewal runs in a sandbox")
def test_renewal_is_sandboxed(host):
    """The renewal runs in a sandbox."""
    analysis = json.loads(
        host.check_output("systemd-analyze security --json=short --no-pager commune-tls-renew.service")
    )

    assert analysis
    assert host.run("systemd-analyze security --threshold=40 --no-pager commune-tls-renew.service").succeeded
