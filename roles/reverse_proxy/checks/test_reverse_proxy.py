"""Checks of the web entrance: strong TLS, only known names, the start page, and words instead of numbers in trouble."""

import httpx
import pytest


def start_page(commune):
    """Return the address of the start page."""
    return f"https://{commune['commune']['domain']}/"


@pytest.mark.title(vi="Máy chủ web chạy với cấu hình đúng", en="The web server runs with a sound configuration")
def test_server_runs(host):
    """The web server runs with a sound configuration."""
    assert host.service("nginx").is_running
    assert host.service("nginx").is_enabled
    assert host.run("nginx -t -q").succeeded


@pytest.mark.flow
@pytest.mark.title(vi="Trang đầu liệt kê các dịch vụ của xã", en="The start page lists the commune's services")
def test_start_page_lists_the_services(web, commune):
    """The start page lists the commune's services."""
    page = web.get(start_page(commune))

    assert page.status_code == 200
    assert '<html lang="vi">' in page.text
    for endpoint in commune["commune_endpoints"]:
        if endpoint["audience"] == "public" and endpoint["name"] != commune["commune"]["domain"]:
            assert f"https://{endpoint['name']}/" in page.text
            assert endpoint["title"]["vi"] in page.text
            assert endpoint["title"]["en"] in page.text
    assert len(page.content) < 20_000


@pytest.mark.flow
@pytest.mark.title(vi="HTTP chuyển sang HTTPS", en="HTTP leads to HTTPS")
def test_http_leads_to_https(web, commune):
    """HTTP leads to HTTPS."""
    answer = web.get(f"http://{commune['commune']['domain']}/a?b=c")

    assert answer.status_code == 308
    assert answer.headers["location"] == f"{start_page(commune)}a?b=c"


@pytest.mark.flow
@pytest.mark.title(
    vi="Trình duyệt được dặn chỉ dùng HTTPS và chống nhúng trang",
    en="Browsers are told to keep to HTTPS and to frame nothing",
)
def test_security_headers(web, commune):
    """Browsers are told to keep to HTTPS and to frame nothing."""
    headers = web.get(start_page(commune)).headers

    assert int(headers["strict-transport-security"].partition("=")[2].partition(";")[0]) >= 31536000
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["server"] == "nginx"


@pytest.mark.flow
@pytest.mark.title(
    vi="Mỗi lời dặn cho trình duyệt chỉ gửi một lần trên mọi trang", en="Each page gives browsers one set of orders"
)
def test_headers_are_not_doubled(web, commune):
    """Each page gives browsers one set of orders."""
    public = [each["name"] for each in commune["commune_endpoints"] if each["audience"] == "public"]
    orders = ("strict-transport-security", "content-security-policy", "permissions-policy", "x-frame-options")
    sent = {name: web.get(f"https://{name}/").headers for name in public}

    assert {(name, order): len(sent[name].get_list(order)) for name in public for order in orders} == {
        (name, order): 1 for name in public for order in orders
    }


@pytest.mark.flow
@pytest.mark.title(vi="Tên lạ không được trả lời", en="An unknown name gets no answer")
def test_unknown_name_is_refused(web, commune):
    """An unknown name gets no answer."""
    answer = web.get(start_page(commune), headers={"host": f"khong-co.{commune['commune']['domain']}"})

    assert answer.status_code == 421


@pytest.mark.flow
@pytest.mark.title(
    vi="Trang không có được báo bằng lời, hai ngôn ngữ", en="A missing page is told in words, in both languages"
)
def test_missing_page_is_told_in_words(web, commune):
    """A missing page is told in words, in both languages."""
    answer = web.get(f"{start_page(commune)}khong-co")

    assert answer.status_code == 404
    assert "Không tìm thấy trang" in answer.text
    assert "Page not found" in answer.text


@pytest.mark.flow
@pytest.mark.title(vi="Gửi dữ liệu quá lớn bị từ chối", en="Too much data is refused")
def test_too_much_data_is_refused(web, commune):
    """Too much data is refused."""
    try:
        answer = web.post(start_page(commune), content=b"x" * 100_000)
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return  # the server closed the connection before the body was through
    assert answer.status_code == 413


def shake_hands(host, commune, options, line=""):
    """Return how openssl's handshake with the entrance went; ``line`` is typed into the connection."""
    address, name = commune["commune_host"]["address"], commune["commune"]["domain"]
    command = f"openssl s_client -connect {address}:443 -servername {name} {options} 2>&1"
    return host.run(f"printf '{line}' | {command}")


@pytest.mark.title(vi="Chỉ TLS 1.2 và 1.3", en="TLS 1.2 and 1.3 only")
@pytest.mark.parametrize(
    ("version", "accepted"), [("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True)]
)
def test_tls_versions(host, commune, version, accepted):
    """TLS 1.2 and 1.3 only."""
    assert shake_hands(host, commune, f"-{version} -cipher ALL:@SECLEVEL=0").succeeded is accepted


@pytest.mark.title(
    vi="Thuật toán yếu bị từ chối, thuật toán mạnh được nhận", en="Weak algorithms are refused, strong ones accepted"
)
@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        pytest.param("-tls1_2 -cipher 'ALL:COMPLEMENTOFALL:!AESGCM:!CHACHA20:@SECLEVEL=0'", False, id="no-aead"),
        pytest.param("-tls1_2 -cipher 'ALL:COMPLEMENTOFALL:!kECDHE:@SECLEVEL=0'", False, id="no-forward-secrecy"),
        pytest.param("-tls1_2 -cipher ECDHE+AESGCM:@SECLEVEL=0 -sigalgs ECDSA+SHA1", False, id="sha1"),
        pytest.param("-tls1_2 -cipher ECDHE+AESGCM:@SECLEVEL=0 -sigalgs ECDSA+SHA256", True, id="sha256"),
        pytest.param("-tls1_2 -cipher ECDHE+AESGCM", True, id="aes-gcm"),
        pytest.param("-tls1_2 -cipher ECDHE+CHACHA20", True, id="chacha20"),
        pytest.param("-tls1_3 -groups X25519MLKEM768", True, id="post-quantum"),
    ],
)
def test_algorithms(host, commune, options, accepted):
    """Weak algorithms are refused, strong ones accepted."""
    assert shake_hands(host, commune, options).succeeded is accepted


@pytest.mark.title(
    vi="Không nén trong TLS, không cho máy khách thương lượng lại",
    en="TLS does not compress, and clients may not renegotiate",
)
def test_renegotiation_and_compression(host, commune):
    """TLS does not compress, and clients may not renegotiate."""
    asked = shake_hands(host, commune, "-tls1_2", line="R\\n").stdout

    assert "Secure Renegotiation IS supported" in asked
    assert "Compression: NONE" in asked
    assert "RENEGOTIATING" in asked
    assert "no renegotiation" in asked


@pytest.mark.flow
@pytest.mark.title(
    vi="Trang không bị nén, nên mã bí mật trong trang không đoán được qua độ dài (BREACH)",
    en="Pages are not compressed, so that lengths tell nothing of their tokens (BREACH)",
)
def test_pages_are_not_compressed(web, commune):
    """Pages are not compressed, so that lengths tell nothing of their tokens (BREACH)."""
    public = [each["name"] for each in commune["commune_endpoints"] if each["audience"] == "public"]
    pages = {name: web.get(f"https://{name}/", headers={"accept-encoding": "gzip, deflate, br"}) for name in public}

    assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(public, 200)
    assert {name: page.headers.get("content-encoding") for name, page in pages.items()} == dict.fromkeys(public)


@pytest.mark.title(vi="Nhật ký truy cập được giữ theo cấp độ", en="The access log is kept as the level demands")
def test_access_log_retention(host, commune):
    """The access log is kept as the level demands."""
    days = {1: 14, 2: 31, 3: 92}[commune["commune"]["level"]]

    assert f"rotate {days}" in host.file("/etc/logrotate.d/nginx").content_string
    assert host.service("logrotate.timer").is_running


@pytest.mark.title(vi="Máy chủ web chạy trong hộp cát", en="The web server runs in a sandbox")
def test_server_is_sandboxed(host):
    """The web server runs in a sandbox."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager nginx.service").succeeded
