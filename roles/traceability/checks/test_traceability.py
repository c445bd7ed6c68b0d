"""Traceability: the service runs confined, its records are append-only, its chain verifies."""

from __future__ import annotations

import json
import re

import pytest

SOCKET = "/run/traceability/gunicorn.sock"
EXPOSURE_LIMIT = 4.0
REFUSED = re.compile("permission denied|must be owner|append-only")
# Each changes no row even where it is allowed, and ends in a rollback.
TAMPERINGS = {
    "update": "UPDATE tracing_event SET place = place WHERE false",
    "truncate": "TRUNCATE tracing_event CASCADE",
    "triggers": "ALTER TABLE tracing_event DISABLE TRIGGER ALL",
    "function": "DROP FUNCTION tracing_event_delete() CASCADE",
    "table": "DROP TABLE tracing_event CASCADE",
    "picture": "UPDATE tracing_picture SET data = data WHERE false",
    "delete": "DELETE FROM tracing_event WHERE chain = 'live'",
    "test mark": "UPDATE tracing_lot SET is_test = true WHERE NOT is_test",
}


@pytest.mark.title(
    vi="Dịch vụ truy xuất nguồn gốc đang chạy và tự chạy khi khởi động", en="The service runs, now and after a boot"
)
def test_service_runs(host):
    """The service runs, now and after a boot."""
    service = host.service("traceability.service")

    assert service.is_running
    assert service.is_enabled


@pytest.mark.title(
    vi="Chỉ máy chủ web mở được cổng nội bộ của dịch vụ", en="Only the web server may open the service's socket"
)
def test_socket_is_for_the_web_server(host):
    """Only the web server may open the service's socket."""
    socket = host.file(SOCKET)

    assert socket.is_socket
    assert (socket.user, socket.group, socket.mode) == ("root", "www-data", 0o660)


@pytest.mark.title(vi="Mật khẩu và khóa chỉ dịch vụ đọc được", en="Secrets can be read by the service alone")
def test_secrets_are_closed(host):
    """Secrets can be read by the service alone."""
    file = host.file("/etc/traceability/secrets.json")

    assert (file.user, file.group, file.mode) == ("root", "traceability", 0o640)
    assert host.user("traceability").shell == "/usr/sbin/nologin"


@pytest.mark.title(
    vi="Không tiến trình nào mang mật khẩu và khóa trong biến môi trường",
    en="No process carries the service's secrets in its environment",
)
def test_environments_hold_no_secret(host, secrets):
    """No process carries the service's secrets in its environment."""
    seen = host.run("cat /etc/traceability/environment /proc/[0-9]*/environ").stdout
    running = "DJANGO_SETTINGS_MODULE=tracing.settings" in seen
    carried = [name for name in ("django_key", "staff_password") if secrets(name) in seen]

    assert running, "the service's own processes were not seen"
    assert carried == []


@pytest.mark.title(
    vi="Dịch vụ bị giới hạn quyền (điểm phơi nhiễm ≤ 4,0)", en="The service is confined (exposure at most 4.0)"
)
def test_service_is_confined(host):
    """The service is confined (exposure at most 4.0)."""
    analysis = host.run("systemd-analyze security --no-pager traceability.service")
    level = re.search(r"Overall exposure level for traceability\.service: ([0-9.]+)", analysis.stdout)

    assert level is not None, analysis.stderr
    assert float(level[1]) <= EXPOSURE_LIMIT


@pytest.mark.title(vi="Dịch vụ trả lời và đọc được cơ sở dữ liệu", en="The service answers and reads its database")
def test_service_is_healthy(host):
    """The service answers and reads its database."""
    health = host.run("/usr/local/sbin/python-app-health traceability")

    assert health.rc == 0, health.stdout
    assert health.stdout.strip() == "ok"


@pytest.mark.title(
    vi="Chuỗi ghi nhận nguyên vẹn, và sửa trộm sẽ bị phát hiện",
    en="The chain of records is whole, and tampering would be found",
)
def test_chain_verifies(host):
    """The chain of records is whole, and tampering would be found."""
    verification = host.run("/usr/local/sbin/traceability-manage verify_chain --json --prove")
    result = json.loads(verification.stdout)

    assert result["faults"] == []
    assert result["detects"] == {"edit": True, "forge": True, "remove": True, "swap": True}
    assert verification.rc == 0


@pytest.mark.title(
    vi="Nhật ký hệ thống cũng giữ dấu vân mới nhất của chuỗi", en="The head that the journal kept is still in the chain"
)
def test_journal_and_chain_agree(host):
    """The head that the journal kept is still in the chain."""
    noted = "(recorded|restored) chain=live sequence=[0-9]+ "
    journal = host.run("journalctl --no-pager --output=cat --grep=%s --lines=1", noted)
    head = re.search(r"chain=live .* digest=([0-9a-f]{64})", journal.stdout)
    if head is None:
        pytest.skip("nhật ký không còn ghi nhận nào | the journal holds no record any more")
    verification = host.run("/usr/local/sbin/traceability-manage verify_chain --json --head %s", head[1])

    assert json.loads(verification.stdout)["faults"] == []


@pytest.mark.parametrize("name", TAMPERINGS)
@pytest.mark.title(
    vi="Tài khoản của ứng dụng không sửa, không xóa được ghi nhận",
    en="The application's account can neither edit nor delete records",
)
def test_records_are_append_only(host, name):
    """The application's account can neither edit nor delete records."""
    with host.sudo("traceability"):
        attempt = host.run(
            "psql -X -q -d traceability -v ON_ERROR_STOP=1 -c %s -c %s -c %s", "BEGIN", TAMPERINGS[name], "ROLLBACK"
        )
        rows = host.run("psql -XAtq -d traceability -c %s", "SELECT count(*) FROM tracing_lot WHERE NOT is_test")

    if name in {"delete", "test mark"} and rows.stdout.strip() == "0":
        pytest.skip("chưa có lô hàng nào | there is no lot yet")
    assert attempt.rc != 0
    assert REFUSED.search(attempt.stderr)


@pytest.mark.title(
    vi="Bảng ghi nhận và các khóa của nó thuộc tài khoản quản trị cơ sở dữ liệu",
    en="Records and their guards belong to the database's superuser",
)
def test_records_are_sealed(host):
    """Records and their guards belong to the database's superuser."""
    names = "('tracing_event', 'tracing_lot', 'tracing_picture')"
    tables = f"SELECT tablename, tableowner FROM pg_tables WHERE tablename IN {names} ORDER BY tablename"
    triggers = (
        "SELECT count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        f"WHERE relname IN {names} AND NOT tgisinternal AND tgenabled = 'O'"
    )
    with host.sudo("postgres"):
        owners = host.run("psql -XAtq -d traceability -c %s", tables)
        guards = host.run("psql -XAtq -d traceability -c %s", triggers)

    assert owners.stdout.split() == ["tracing_event|postgres", "tracing_lot|postgres", "tracing_picture|postgres"]
    assert guards.stdout.strip() == "8"
