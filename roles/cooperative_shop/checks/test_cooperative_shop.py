"""The shop's machine side: units, files, accounts, database, sandbox."""

from __future__ import annotations

import re

import pytest

UNITS = ["cooperative_shop.service", "cooperative_shop-mail.service", "cooperative_shop-tidy.service"]
LIMIT = 4.0  # systemd-analyze's exposure: 0 closed, 10 open


def query(host, statement):
    """Return what the shop's database answers."""
    with host.sudo("postgres"):
        return host.check_output(
            "psql --no-psqlrc --tuples-only --no-align --dbname=cooperative_shop --command=%s", statement
        )


@pytest.mark.title(vi="Cửa hàng đang chạy và tự khởi động cùng máy", en="The shop runs, and starts with the machine")
@pytest.mark.parametrize(
    "unit",
    [
        "cooperative_shop.service",
        "cooperative_shop.socket",
        "cooperative_shop-mail.path",
        "cooperative_shop-mail.timer",
        "cooperative_shop-tidy.timer",
    ],
)
def test_unit_runs(host, unit):
    """The shop runs, and starts with the machine."""
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled


@pytest.mark.title(vi="Cửa hàng trả lời và đọc được cơ sở dữ liệu", en="The shop answers and reads its database")
def test_health(host):
    """The shop answers and reads its database."""
    answer = host.run("/usr/local/sbin/python-app-health cooperative_shop")

    assert answer.rc == 0, answer.stdout


@pytest.mark.title(
    vi="Các chỗ sửa và dịch thêm vẫn khớp với phần mềm gốc", en="The shop's corrections still meet what they correct"
)
def test_corrections_are_needed(host):
    """The shop's corrections still meet what they correct."""
    checked = host.run("/usr/local/sbin/cooperative_shop-manage check --fail-level WARNING")

    assert checked.rc == 0, checked.stderr


@pytest.mark.title(vi="Chỉ cửa vào web nối được tới cửa hàng", en="Only the web entrance reaches the shop's socket")
def test_socket(host):
    """Only the web entrance reaches the shop's socket."""
    socket = host.file("/run/cooperative_shop/gunicorn.sock")

    assert socket.is_socket
    assert (socket.user, socket.group, socket.mode) == ("root", "www-data", 0o660)


@pytest.mark.title(
    vi="Bí mật của cửa hàng chỉ root và cửa hàng đọc được", en="Only root and the shop read the shop's secrets"
)
def test_secrets_are_closed(host):
    """Only root and the shop read the shop's secrets."""
    file = host.file("/etc/cooperative_shop/secrets.json")

    assert (file.user, file.group, file.mode) == ("root", "cooperative_shop", 0o640)


@pytest.mark.title(
    vi="Không tiến trình nào mang bí mật của cửa hàng trong biến môi trường",
    en="No process carries the shop's secrets in its environment",
)
def test_environments_hold_no_secret(host, secrets):
    """No process carries the shop's secrets in its environment."""
    seen = host.run("cat /etc/cooperative_shop/environment /proc/[0-9]*/environ").stdout
    running = "DJANGO_SETTINGS_MODULE=shop.settings" in seen
    carried = [name for name in ("django_key", "staff_password") if secrets(name) in seen]

    assert running, "the shop's own processes were not seen"
    assert carried == []


@pytest.mark.title(
    vi="Cửa hàng chạy bằng tài khoản riêng, không đăng nhập được",
    en="The shop has an account of its own that cannot log in",
)
def test_account(host):
    """The shop has an account of its own that cannot log in."""
    user = host.user("cooperative_shop")

    assert user.shell == "/usr/sbin/nologin"
    assert user.groups == ["cooperative_shop"]


@pytest.mark.title(
    vi="Bản phần mềm đang dùng đầy đủ và không ai khác sửa được",
    en="The release in use is whole, and nobody but root may change it",
)
def test_release(host):
    """The release in use is whole, and nobody but root may change it."""
    link = host.file("/opt/cooperative_shop/current")
    used = host.file("/etc/cooperative_shop/release").content_string.strip()
    folder = f"/opt/cooperative_shop/releases/{used}"

    assert link.is_symlink
    assert link.linked_to == folder
    assert host.file(f"{folder}/.complete").is_file
    assert (host.file(folder).user, host.file(folder).mode) == ("root", 0o755)


@pytest.mark.title(vi="Các đơn vị của cửa hàng bị giới hạn chặt", en="The shop's units are closed in")
@pytest.mark.parametrize("unit", UNITS)
def test_sandbox(host, unit):
    """The shop's units are closed in."""
    text = host.check_output("systemd-analyze security --no-pager %s", unit)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", text)

    assert exposure, text[-300:]
    assert float(exposure[1]) <= LIMIT


@pytest.mark.title(
    vi="Thư xác nhận được chuyển sang hàng đợi thư của máy", en="Confirmations are handed to the machine's mail queue"
)
def test_mail_is_handed_over(host):
    """Confirmations are handed to the machine's mail queue."""
    overdue = "sent IS NULL AND created < now() - interval '15 minutes' AND recipients::text NOT LIKE '%.invalid%'"
    waiting = query(host, f"SELECT count(*) FROM outbox_message WHERE {overdue}")

    assert host.check_output("systemctl show --property=Result --value cooperative_shop-mail.service") == "success"
    assert waiting == "0"


@pytest.mark.title(
    vi="Cơ sở dữ liệu thuộc tài khoản không có đặc quyền", en="The database belongs to an account without privileges"
)
def test_database_role(host):
    """The database belongs to an account without privileges."""
    role = query(host, "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'cooperative_shop'")
    owner = query(host, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")

    assert role == "f|f|f"
    assert owner == "cooperative_shop"


@pytest.mark.title(
    vi="Đơn hàng được ghi chắc xuống đĩa trước khi xác nhận", en="Orders are on the disk before they are confirmed"
)
def test_commits_are_durable(host):
    """Orders are on the disk before they are confirmed."""
    settings = query(
        host,
        "SELECT string_agg(setting, ',' ORDER BY name) FROM pg_settings WHERE name IN ('fsync', 'full_page_writes')",
    )
    shop = host.file("/opt/cooperative_shop/current/app/shop/settings/storage.py")

    assert settings == "on,on"
    assert shop.contains("synchronous_commit=on")


@pytest.mark.title(
    vi="Chỉ có tài khoản nhân viên đã khai báo, không có quản trị tối cao",
    en="The staff's account is the declared one, and nobody is superuser",
)
def test_accounts(host):
    """The staff's account is the declared one, and nobody is superuser."""
    assert query(host, "SELECT count(*) FROM auth_user WHERE is_superuser") == "0"
    assert query(host, "SELECT string_agg(username, ',') FROM auth_user WHERE is_staff") == "nhanvien"


@pytest.mark.title(vi="Sản phẩm có giá và tồn kho hợp lý", en="Products have sensible prices and stock")
def test_products(host):
    """Products have sensible prices and stock."""
    wrong = "price IS NULL OR price < 0 OR price <> trunc(price) OR price_currency <> 'VND' OR num_in_stock < 0"
    broken = query(host, f"SELECT count(*) FROM partner_stockrecord WHERE {wrong}")

    assert broken == "0"
