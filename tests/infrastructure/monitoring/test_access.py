"""Who gets to the monitoring's pages: staff in the office, by HTTPS, with the made account."""

from __future__ import annotations

import json

import pytest

from tests.infrastructure.monitoring.zabbix import SERVER

NAME = "giam-sat"


@pytest.fixture(scope="module")
def page(commune):
    """The address of the pages."""
    return f"https://{NAME}.{commune.site.domain}/"


@pytest.fixture(scope="module")
def curl(commune, tmp_path_factory):
    """Ask an address of the pages from a zone; return status, headers and text."""
    root = tmp_path_factory.mktemp("root") / "root.pem"
    root.write_text(commune.outputs.ca_certificate)
    server = commune.site.host(SERVER)

    def ask(zone, url, *options):
        with commune.lab.probe(zone) as station:
            where = ["--resolve", f"{NAME}.{commune.site.domain}:443:{server.address}", "--cacert", str(root)]
            done = station.run(["curl", "-sS", "-i", "--max-time", "30", *where, *options, url])
            assert done.returncode == 0, done.stderr
        head, _, text = done.stdout.partition("\n\n" if "\r" not in done.stdout else "\r\n\r\n")
        return int(head.split()[1]), head, text

    return ask


def test_staff_log_in_from_the_office(commune, curl, page):
    """The made account logs in over HTTPS from the office and sees the dashboard."""
    password = commune.outputs.secrets[f"{SERVER}/monitoring/admin_password"]
    form = ["--data-urlencode", "name=giamsat", "--data-urlencode", f"password={password}", "--data", "enter=Sign+in"]
    status, head, _ = curl("office", f"{page}index.php", *form)

    assert status == 302
    assert "location: zabbix.php?action=dashboard" in head.lower() or "location: index.php" in head.lower()


def test_nobody_gets_in_from_elsewhere(curl, page):
    """From the citizens' Wi-Fi the pages are refused, and that is told in words."""
    status, _, text = curl("wifi", page)

    assert status == 403
    assert "Không được phép truy cập" in text


@pytest.mark.parametrize(("name", "password"), [("Admin", "zabbix"), ("guest", "")])
def test_default_accounts_are_refused(curl, page, name, password):
    """The account that everybody knows does not exist, and the guest is shut out."""
    call = {"jsonrpc": "2.0", "method": "user.login", "params": {"username": name, "password": password}, "id": 1}
    options = ["--header", "Content-Type: application/json-rpc", "--data", json.dumps(call)]
    answer = json.loads(curl("office", f"{page}api_jsonrpc.php", *options)[2])

    assert "result" not in answer
    assert "error" in answer
