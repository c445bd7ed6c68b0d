"""Checks of the readings: they are taken and shown, and nobody comes in without a certificate."""

import json

import pytest

MANAGE = "/usr/local/sbin/readings-manage"
UNITS = ["mosquitto.service", "readings.service", "readings-web.service"]
# Knock at the broker: ADDRESS, NAME; with the machine's certificate where a third word stands. Prints what comes of it.
KNOCK = """
import socket, ssl, sys
context = ssl.create_default_context(cafile='/usr/local/share/ca-certificates/commune-root.crt')
if len(sys.argv) > 3:
    context.load_cert_chain('/etc/commune-tls/certificate.pem', '/etc/commune-tls/private-key.pem')
try:
    raw = socket.create_connection((sys.argv[1], 8883), 5)
    with context.wrap_socket(raw, server_hostname=sys.argv[2]) as link:
        link.settimeout(5)
        link.sendall(bytes((0x10, 16, 0, 4)) + b'MQTT' + bytes((4, 2, 0, 5, 0, 4)) + b'come')
        print('in' if link.recv(4)[3:] == bytes(1) else 'refused')
except (ssl.SSLError, ConnectionError):
    print('refused')
"""


@pytest.mark.title(vi="Máy môi giới, bộ nhận và trang đang chạy", en="Broker, ingest and pages run")
def test_services_run(host):
    """Broker, ingest and pages run, now and after a boot."""
    for unit in UNITS:
        assert host.service(unit).is_running
        assert host.service(unit).is_enabled
    assert json.loads(host.check_output(f"{MANAGE} health"))["faults"] == []


@pytest.mark.title(vi="Máy môi giới chỉ nghe bằng TLS", en="The broker listens by TLS only")
def test_broker_listens_by_tls_only(host, commune):
    """The broker listens by TLS only, at the machine's own address."""
    listening = {line.split()[3] for line in host.check_output("ss -H -ltn").splitlines()}

    assert {place for place in listening if place.endswith((":1883", ":8883"))} == {
        f"{commune['commune_host']['address']}:8883"
    }


@pytest.mark.title(vi="Không có chứng thư của xã thì không vào được", en="Nobody comes in without a certificate")
@pytest.mark.parametrize(("words", "answer"), [([], "refused"), (["certificate"], "in")], ids=["without", "with"])
def test_nobody_comes_in_without_a_certificate(host, commune, words, answer):
    """Without a certificate of the commune the broker closes the door; with the machine's own it opens."""
    own = commune["commune_host"]
    arguments = " ".join([own["address"], own["fqdn"], *words])

    assert host.run(f"python3 -c %s {arguments}", KNOCK).stdout.strip() == answer


@pytest.mark.title(
    vi="Chứng thư của máy chỉ mang tên máy ấy, và CA của máy không ký được tên khác",
    en="The machine's authority can sign no other account",
)
def test_authority_binds_the_account(host, commune):
    """The machine's authority is bound to the machine's name as a subject too."""
    text = host.check_output("openssl x509 -in /etc/commune-ca/issuer.pem -noout -ext nameConstraints")

    assert f"DirName:CN = {commune['commune_host']['fqdn']}" in text.replace("DirName: CN", "DirName:CN").replace(
        "CN=", "CN = "
    )


@pytest.mark.title(vi="Mỗi cổng chỉ ghi được chủ đề của mình", en="Each gateway may write its own topics only")
def test_gateways_write_their_own_topics(host, commune):
    """Each gateway may write its own topics only, and nobody else anything."""
    rules = host.file("/etc/mosquitto/commune.acl").content_string
    blocks = [block.split("\n") for block in rules.strip().split("\n\n")]
    gateways = {grant["consumer_fqdn"] for grant in commune.get("readings_grants", [])}

    assert {lines[0] for lines in blocks[1:]} == {f"user {name}" for name in gateways}
    for first, *rights in blocks[1:]:
        name = first.removeprefix("user ")
        assert rights == [
            f"topic write readings/{name}",
            f"topic write status/{name}",
            f"topic write status/{name}/#",
            f"topic read acknowledged/{name}",
        ]


@pytest.mark.title(vi="Số đo được cắt theo thời gian trong TimescaleDB", en="Readings are cut by time in TimescaleDB")
def test_tables_stand(host):
    """All tables stand, and the readings are a hypertable."""
    assert json.loads(host.check_output(f"{MANAGE} schema --check")) == {"changed": False}


@pytest.mark.title(vi="Số đo cũ được xóa mỗi đêm", en="Old readings are dropped each night")
def test_old_readings_are_dropped(host):
    """The timer that drops old readings waits for its hour."""
    timer = host.service("readings-retention.timer")

    assert timer.is_running
    assert timer.is_enabled


@pytest.mark.title(vi="Các dịch vụ chạy trong hộp cát", en="The services run in their sandboxes")
@pytest.mark.parametrize("unit", [*UNITS, "readings-retention.service"])
def test_units_are_sandboxed(host, unit):
    """The services run in their sandboxes."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s", unit).succeeded
