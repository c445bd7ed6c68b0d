"""Checks of the citizens' Wi-Fi: strangers see the portal and nothing beyond, the log is kept."""

from __future__ import annotations

import json
import re

import pytest

EXPOSURE_LIMIT = 4.0
PAGE_LIMIT = 50_000
PROGRAMS = ("commune-wifi-keeper.service", "commune-wifi-portal.service")
UNITS = ("commune-wifi-firewall.service", *PROGRAMS, "commune-wifi-keeper.socket", "commune-wifi-portal.socket")
DATABASE = "/var/lib/commune-wifi/wifi.db"
PORT = 8910
NET_ADMIN = 1 << 12
# One request from this machine: arguments are address, port, the host that is asked for, and the path.
ASK = (
    "import http.client,sys; c=http.client.HTTPConnection(sys.argv[1],int(sys.argv[2]),timeout=10);"
    " c.request('GET',sys.argv[4],headers={'Host':sys.argv[3]}); r=c.getresponse();"
    " print(r.status,r.getheader('location') or '-'); print(r.read().decode())"
)


def portal_of(commune):
    """Return the portal's address."""
    return commune["commune"]["zones"]["wifi"]["gateway"]


def ask(host, commune, path="/", name=None):
    """Return code, where it leads, and the page."""
    address = portal_of(commune)
    text = host.check_output("python3 -I -c %s %s %s %s %s", ASK, address, str(PORT), name or address, path)
    head, _, page = text.partition("\n")
    code, location = head.split()
    return int(code), location, page


def table(host):
    """Return what the kernel has of the role's table."""
    return json.loads(host.check_output("nft --json list table inet commune_wifi"))["nftables"]


def chain(host, name):
    """Return the rules of a chain as texts of JSON."""
    return [json.dumps(item["rule"]["expr"]) for item in table(host) if item.get("rule", {}).get("chain") == name]


@pytest.mark.title(
    vi="Chỉ máy đã đồng ý nội quy mới ra Internet", en="Only devices that accepted the terms go out to the Internet"
)
def test_only_accepted_devices_leave(host):
    """Only devices that accepted the terms go out to the Internet."""
    accepting = [
        (item["rule"]["chain"], json.dumps(item["rule"]["expr"]))
        for item in table(host)
        if "rule" in item and {"accept": None} in item["rule"]["expr"]
    ]
    leaving, arriving = chain(host, "leaving"), chain(host, "arriving")
    ways = [rule for rule in chain(host, "forward") if "jump" in rule]

    assert sorted(accepting) == [("arriving", arriving[-2]), ("leaving", leaving[-2])]
    assert "@accepted" in leaving[-2]
    assert '"refused"' in leaving[-1]
    assert "@received" in arriving[-2]
    assert arriving[-1] == '[{"drop": null}]'
    assert ['"leaving"' in rule for rule in ways] == [True, False]


@pytest.mark.title(vi="Các máy trong Wi-Fi không thấy nhau", en="Devices of the Wi-Fi do not see each other")
def test_devices_are_apart(host):
    """Devices of the Wi-Fi do not see each other."""
    first = chain(host, "forward")[0]
    ports = host.run("grep -L 1 /sys/class/net/wifi/brif/*/isolated")

    assert first.count('"wifi"') == 2
    assert "drop" in first
    assert "/isolated" not in ports.stdout, f"not isolated: {ports.stdout}"


@pytest.mark.title(
    vi="Trang chào hiện ra với mọi trang máy lạ mở, bằng hai thứ tiếng, nhẹ",
    en="The welcome page comes whatever a new phone asks for, in both languages, and is light",
)
def test_portal_answers(host, commune):
    """The welcome page comes whatever a new phone asks for, in both languages, and is light."""
    code, location, _ = ask(host, commune, "/generate_204", "connectivitycheck.gstatic.com")
    assert (code, location) == (302, f"http://{portal_of(commune)}/")
    for language in ("vi", "en"):
        code, _, page = ask(host, commune, f"/?lang={language}")
        assert code == 200
        assert f'<html lang="{language}">' in page
        assert commune["commune"]["name"] in page
        assert len(page.encode()) < PAGE_LIMIT
        assert re.findall(r"<(?:script|img|link)|url\(", page) == []


@pytest.mark.title(
    vi="Các tiến trình chạy, tự chạy khi khởi động, trong hộp cát",
    en="The programs run, after a boot too, each in a sandbox",
)
@pytest.mark.parametrize("unit", UNITS)
def test_programs_run(host, unit):
    """The programs run, after a boot too."""
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled


@pytest.mark.title(
    vi="Trang chào không có quyền gì, chỉ bộ giữ cửa đổi được luật mạng", en="The programs have few rights"
)
@pytest.mark.parametrize("unit", [*PROGRAMS, "commune-wifi-firewall.service", "commune-wifi-prune.service"])
def test_programs_are_confined(host, unit):
    """The portal has no rights at all, only the keeper may change the network's rules; neither is root."""
    analysis = host.run("systemd-analyze security --no-pager %s", unit)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", analysis.stdout)
    assert level is not None, analysis.stderr
    assert float(level[1]) <= EXPOSURE_LIMIT
    if unit in PROGRAMS:
        pid = host.check_output("systemctl show --value --property MainPID %s", unit)
        status = host.file(f"/proc/{pid}/status").content_string
        effective = int(re.search(r"^CapEff:\s+(\w+)$", status, re.MULTILINE)[1], 16)
        assert effective == (NET_ADMIN if "keeper" in unit else 0)
        assert not re.search(r"^Uid:\s+0\b", status, re.MULTILINE)


@pytest.mark.title(vi="Nhật ký chỉ quản trị đọc được", en="The log can be read by administrators only")
def test_log_is_private(host):
    """The log can be read by administrators only."""
    file = host.file(DATABASE)

    assert (file.user, file.mode) == ("commune-wifi", 0o600)
    assert host.file("/var/lib/commune-wifi").mode == 0o700


@pytest.mark.title(vi="Nhật ký quá hạn bị xóa mỗi đêm", en="What is kept long enough is deleted every night")
def test_old_entries_are_deleted(host, commune):
    """What is kept long enough is deleted every night."""
    settings = json.loads(host.file("/etc/commune-wifi/keeper.json").content_string)
    wanted = commune.get("wifi_gateway_log_days") or {1: 31, 2: 31, 3: 92}[commune["commune"]["level"]]

    assert settings["log_days"] == wanted
    assert host.service("commune-wifi-prune.timer").is_enabled
    assert host.service("commune-wifi-prune.timer").is_running
    assert host.run("/usr/local/sbin/commune-wifi health").rc == 0
