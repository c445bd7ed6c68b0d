"""Checks of the backup to the second machine: its age, and that what is sent comes back as it was."""

import json
from datetime import UTC, datetime

import pytest


def state(host):
    """Return what the last runs left to know."""
    file = host.file("/var/lib/commune-backup/client.json")
    return json.loads(file.content_string) if file.exists else {}


def age(host, moment):
    """Return the seconds since a moment, or since the machine began to send where there is none."""
    since = datetime.fromisoformat(moment) if moment else host.file("/etc/commune-backup/sending.json").mtime
    return (datetime.now(UTC) - since.astimezone(UTC)).total_seconds()


@pytest.mark.title(vi="Bản mới nhất ở máy thứ hai chưa quá tuổi", en="The newest backup on the second machine is young")
def test_last_backup_is_young(host, commune):
    """What was last sent is not older than the profile allows."""
    if not commune["commune_saves"]:
        pytest.skip("máy này không có dữ liệu để sao lưu | this machine keeps no data to send")
    last = state(host).get("last_success", {})

    assert age(host, last.get("finished")) < commune["backup_max_age_hours"] * 3600


@pytest.mark.title(vi="Lần gửi gần nhất không hỏng", en="The last run did not fail")
def test_last_run_did_not_fail(host):
    """The last run sent every service's backup."""
    last = state(host)

    assert last.get("state") != "failed", last.get("error") or last.get("missing")


@pytest.mark.title(vi="Kho được đối chiếu mỗi tuần", en="The repository is checked every week")
def test_repository_is_checked(host):
    """A part of the repository was read back and compared within the last nine days."""
    assert host.service("commune-backup-check.timer").is_running
    assert age(host, state(host).get("checked")) < 9 * 86400


@pytest.mark.flow(zone="server")
@pytest.mark.title(vi="Tệp thử gửi đi và lấy về nguyên vẹn", en="A test file is sent and comes back as it was")
def test_a_file_comes_back(host, commune):
    """A marked file is sent, brought back byte for byte, and forgotten."""
    if commune["backup_backup_repository"]["host"] not in {each["name"] for each in commune["commune"]["hosts"]}:
        pytest.skip("kho chưa được dựng | the store does not stand")
    done = host.run("/usr/local/sbin/commune-backup probe")

    assert done.succeeded, done.stderr
    assert json.loads(done.stdout)["same"]
    assert json.loads(done.stdout)["left"] == 0


@pytest.mark.title(vi="Khóa sao lưu chỉ root đọc được", en="Only root reads the keys")
@pytest.mark.parametrize("name", ["repository.key", "login.key"])
def test_keys_are_private(host, name):
    """The keys are root's alone."""
    key = host.file(f"/etc/commune-backup/{name}")

    assert (key.user, key.mode) == ("root", 0o600)


@pytest.mark.title(vi="Đơn vị được khoanh vùng", en="The units are sandboxed")
@pytest.mark.parametrize("unit", ["commune-backup.service", "commune-backup-check.service"])
def test_units_are_sandboxed(host, unit):
    """The exposure of the units is low."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s", unit).succeeded
