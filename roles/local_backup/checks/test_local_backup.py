"""Checks of the backup on the machine: its timer runs, no night is missed, and what was saved is what was written."""

import json
from datetime import UTC, datetime

import pytest

NOTHING = "máy này không có dữ liệu để lưu | this machine keeps no data to save"
OVERDUE = 27 * 3600  # seconds: a day, the timer's spread, and time to save


def state(host):
    """Return what the last run left to know, None before the first."""
    file = host.file("/var/lib/commune-backup/saved.json")
    return json.loads(file.content_string) if file.exists else None


@pytest.mark.title(vi="Lịch sao lưu đang chạy", en="The nightly backup is scheduled")
def test_timer_runs(host):
    """The nightly backup is scheduled."""
    timer = host.service("commune-save.timer")

    assert timer.is_running
    assert timer.is_enabled


@pytest.mark.title(vi="Không đêm nào bị lỡ", en="No night was missed")
def test_no_night_was_missed(host):
    """The last good backup, or the day that the machine began to make them, is not longer ago than a night."""
    last = (state(host) or {}).get("last_success")
    since = datetime.fromisoformat(last["finished"]) if last else host.file("/etc/commune-backup/saving.json").mtime

    assert (datetime.now(UTC) - since.astimezone(UTC)).total_seconds() < OVERDUE


@pytest.mark.title(vi="Lần sao lưu gần nhất đủ mọi dịch vụ", en="The last backup has every service")
def test_last_backup_is_whole(host):
    """No service failed to be saved in the last run."""
    failed = {name: each for name, each in (state(host) or {}).get("services", {}).items() if each["state"] != "saved"}

    assert failed == {}


@pytest.mark.title(vi="Bản sao lưu khớp bản kê", en="The backup is what its manifest says")
def test_backup_is_as_its_manifest_says(host, commune):
    """Every file of the newest backup has the size and hash that were noted when it was made."""
    if not commune["commune_saves"]:
        pytest.skip(NOTHING)
    last = (state(host) or {}).get("last_success")
    if last is None:
        pytest.skip("chưa đến lần sao lưu đầu tiên | the first backup has not been due yet")
    proof = json.loads(host.run("/usr/local/sbin/commune-save prove %s", last["stamp"]).stdout)

    assert {each["state"] for each in proof["services"].values()} <= {"proven"}


@pytest.mark.title(vi="Chỉ root đọc được bản sao lưu", en="Only root reads the backups")
def test_backups_are_kept_private(host, commune):
    """What is saved is open to root and to the account that saved it."""
    if not commune["commune_saves"]:
        pytest.skip(NOTHING)
    folder = host.file("/var/backups/commune")
    if not folder.exists:
        pytest.skip("chưa đến lần sao lưu đầu tiên | the first backup has not been due yet")

    assert folder.mode & 0o066 == 0
    assert host.check_output("find /var/backups/commune -mindepth 2 -maxdepth 2 -perm /077") == ""


@pytest.mark.title(vi="Đơn vị sao lưu được khoanh vùng", en="The unit is sandboxed")
def test_unit_is_sandboxed(host):
    """The exposure score of the unit is low."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager commune-save.service").succeeded
