"""Checks of the gateway's own radios: on the air as the profile says, within the rules, closed to strangers."""

from __future__ import annotations

import pytest


@pytest.fixture
def radios(commune):
    """The radios of this machine by their interface; where there are none, nothing is to be checked."""
    name = commune["commune_host"]["name"]
    plan = commune.get("wifi_gateway_radio_plan") or {}
    own = {radio["interface"]: radio for radio in plan.values() if radio["host"] in (None, name)}
    if not own:
        pytest.skip(
            "không áp dụng: cổng này không có sóng riêng | not applicable: this gateway has no radio of its own"
        )
    return own


@pytest.fixture
def networks(commune, radios):
    """The networks that the radios send."""
    sent = {name for radio in radios.values() for name in radio["networks"]}
    return [row for row in commune["wifi_gateway_networks"] if row["ssid"] in sent]


def settings(host, interface):
    """Return the lines of what a radio was told."""
    return host.file(f"/etc/commune-radio/{interface}.conf").content_string.splitlines()


@pytest.mark.title(vi="Mọi sóng của hồ sơ đang phát", en="All radios of the profile are on the air")
def test_radios_are_on_the_air(host, radios):
    """All radios of the profile are on the air."""
    for interface in radios:
        assert host.service(f"commune-radio@{interface}.service").is_running
        assert host.service(f"commune-radio@{interface}.service").is_enabled
    assert host.run("/usr/local/sbin/commune-radio health").rc == 0


@pytest.mark.title(vi="Kênh và công suất đúng quy định", en="Channel and power are as the regulations say")
def test_channels_and_power(host, radios):
    """Channel and power are as the regulations say."""
    for interface, radio in radios.items():
        shown = host.check_output("iw dev %s info", interface)
        power = next(line.split()[1] for line in shown.splitlines() if line.strip().startswith("txpower"))
        assert radio["radar"] or f"channel {radio['channel']} " in shown
        assert float(power) <= radio["power"]


@pytest.mark.title(vi="Sóng cán bộ có bảo vệ khung quản lý", en="Management frames of staff and OWE are protected")
def test_management_frames_are_protected(host, radios, networks):
    """Management frames of staff and OWE are protected."""
    strict = [row["ssid"] for row in networks if row["security"] != "open" and not row["transition"]]
    for interface, radio in radios.items():
        lines = settings(host, interface)
        required = lines.count("ieee80211w=2")
        assert required >= len([name for name in radio["networks"] if name in strict])


@pytest.mark.title(vi="Máy của người dân không thấy nhau", en="Citizens' devices are kept apart")
def test_citizens_are_kept_apart(host, radios):
    """Citizens' devices are kept apart."""
    for interface in radios:
        lines = settings(host, interface)
        assert lines.count("ap_isolate=1") == lines.count("bridge=wifi")


@pytest.mark.title(vi="Mật khẩu Wi-Fi chỉ root đọc được", en="Passwords of the Wi-Fi are root's alone")
def test_passwords_are_closed(host, radios):
    """Passwords of the Wi-Fi are root's alone."""
    for path in ["/etc/commune-radio/keys.json", *(f"/etc/commune-radio/{interface}.conf" for interface in radios)]:
        file = host.file(path)
        assert (file.user, file.mode) == ("root", 0o600)


@pytest.mark.title(vi="Máy chủ tài khoản không còn bí mật mặc định", en="The accounts' server has no known secret")
def test_no_known_secret(host, networks):
    """The accounts' server has no known secret, and listens inside only."""
    if not any(row["security"] == "enterprise" for row in networks):
        pytest.skip("không áp dụng: không mạng nào hỏi tài khoản | not applicable: no network asks for accounts")
    listening = {line.split()[3] for line in host.check_output("ss -H -lun").splitlines()}

    assert {place for place in listening if place.endswith(":1812")} == {"127.0.0.1:1812"}
    assert "testing123" not in host.file("/etc/freeradius/3.0/clients.conf").content_string
    assert "testing123" not in host.file("/etc/freeradius/3.0/proxy.conf").content_string


@pytest.mark.title(vi="Các đơn vị phát sóng chạy trong hộp cát", en="The radios' units are sandboxed")
def test_units_are_sandboxed(host, radios, networks):
    """The radios' units are sandboxed."""
    units = [f"commune-radio@{interface}.service" for interface in radios]
    units += ["commune-radius.service"] if any(row["security"] == "enterprise" for row in networks) else []
    for unit in units:
        assert host.run("systemd-analyze security --threshold=40 --no-pager %s", unit).succeeded, unit
