"""The client of the commune's web addresses: names, trust, and what becomes of network faults."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smartcommune.verify import web

NAME = "cua-hang.example.test"


def _certificate(name: str) -> tuple[bytes, bytes]:
    """Return a self-signed certificate, which is its own root, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer with what was asked."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.headers["Host"].encode() + b"|" + self.path.encode() + b"|" + body
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A TLS server on loopback, its port and its root certificate."""
    certificate, key = _certificate(NAME)
    file = tmp_path_factory.mktemp("web") / "both.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with HTTPServer(("127.0.0.1", 0), _Echo) as httpd:
        httpd.handle_error = lambda *_: None  # a client that does not trust us is no fault here
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield httpd.server_address[1], certificate.decode()
        httpd.shutdown()
        thread.join()


def _opener(port: int) -> web.Connect:
    """Return a fake network in which every address is the server on loopback."""
    return lambda _route, _port, timeout: socket.create_connection(("127.0.0.1", port), timeout)


def test_a_name_of_the_commune_is_reached(server):
    """A request goes to the name's address, carries the name, and a redirect is shown, not followed."""
    port, root = server
    with web.client({NAME: web.Route("10.9.9.9")}, root, opener=_opener(port)) as client:
        answers = [client.post(f"https://{NAME}/dat-hang?a=1", content="mật ong") for _ in range(2)]

    assert [(answer.status_code, answer.text) for answer in answers] == [(302, f"{NAME}|/dat-hang?a=1|mật ong")] * 2


def test_another_root_is_not_trusted(server):
    """A certificate of another root fails as a connection error that names the cause."""
    port, _ = server
    stranger, _ = _certificate(NAME)
    with (
        web.client({NAME: web.Route("10.9.9.9")}, stranger.decode(), opener=_opener(port)) as client,
        pytest.raises(httpx.ConnectError, match=r"(?i)certificate"),
    ):
        client.post(f"https://{NAME}/", content="")


def test_a_strange_name_is_not_resolved(server):
    """No name but the commune's own is looked up anywhere."""
    _, root = server
    with web.client({}, root) as client, pytest.raises(httpx.ConnectError, match="not a name of this commune"):
        client.get("https://example.org/")


@pytest.mark.parametrize(
    ("fault", "error"), [(TimeoutError("slow"), httpx.ConnectTimeout), (ConnectionRefusedError(), httpx.ConnectError)]
)
def test_network_faults_are_httpx_errors(server, fault, error):
    """What the socket says becomes an error of httpx, so that a check need not know the transport."""

    def fail(_route: web.Route, _port: int, _timeout: float) -> socket.socket:
        raise fault

    with web.client({NAME: web.Route("10.9.9.9")}, server[1], opener=fail) as client, pytest.raises(error):
        client.get(f"https://{NAME}/")
