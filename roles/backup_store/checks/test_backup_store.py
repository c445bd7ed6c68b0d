"""Checks of the backup store: it lets in senders alone, keeps what they bring, and finds damage."""

import json
from datetime import UTC, datetime

import pytest

SOME = 3  # backups; a machine that keeps no data has for a moment the one of its own check
UNITS = ("commune-backup-store", "commune-backup-keep", "commune-backup-verify")


def state(host):
    """Return what the last runs left to know."""
    file = host.file("/var/lib/commune-backup/store.json")
    return json.loads(file.content_string) if file.exists else {}


def days(moment):
    """Return the days since a moment in UTC."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() / 86400


@pytest.mark.title(vi="Kho nhận bản sao lưu", en="The store takes backups")
def test_store_runs(host, commune):
    """The store's SSH server listens where senders look for it, and what comes is taken over."""
    assert host.service("commune-backup-store.service").is_running
    assert host.service("commune-backup-store.service").is_enabled
    assert host.service("commune-backup-keep.timer").is_running
    assert host.socket(f"tcp://{commune['commune_host']['address']}:8022").is_listening


@pytest.mark.title(vi="Chỉ các máy gửi vào được, mỗi máy kho của mình", en="Senders alone get in, each to its own")
def test_senders_are_those_granted(host, commune):
    """Each sender has a key, an account without a shell and a folder that others cannot enter; nobody else has."""
    senders = sorted(f"backup-{grant['consumer_host']}" for grant in commune["backup_store_grants"])
    keys = host.check_output("ls /etc/commune-backup-store/keys").split()

    assert keys == [name for name in senders if name in keys]
    for name in keys:
        account = host.user(name)
        folder = host.file(f"/srv/commune-backup/clients/{name}")
        assert (account.shell, account.groups) == ("/usr/sbin/nologin", ["commune-backup"])
        assert (folder.user, folder.mode) == ("root", 0o755)
        assert host.file(f"{folder.path}/repository").mode == 0o700


@pytest.mark.title(vi="Bản đã nhận không ai sửa, xóa được", en="What was taken over cannot be changed or removed")
def test_what_was_kept_is_roots(host):
    """The generations are root's alone."""
    assert host.file("/srv/commune-backup/kept").mode == 0o700
    assert host.check_output("find /srv/commune-backup/kept -mindepth 2 -not -user root -not -path '*-before*'") == ""
    assert host.check_output("find /srv/commune-backup/kept -mindepth 2 -type f -perm /022") == ""


@pytest.mark.title(vi="Không kho nào bị xóa trống", en="No repository was emptied")
def test_no_repository_was_emptied(host):
    """A sender that had backups has some now, too: else it was taken over, or is broken."""
    clients = state(host).get("clients", {})

    assert [name for name, each in clients.items() if each.get("most", 0) >= SOME and not each["snapshots"]] == []


@pytest.mark.title(vi="Không tệp nào hỏng", en="No file is damaged")
def test_no_file_is_damaged(host):
    """The last weekly comparison of files with their hashes found no damage."""
    clients = state(host).get("clients", {})

    assert {name: each["damaged"] for name, each in clients.items() if each.get("damaged")} == {}


@pytest.mark.title(vi="Ổ đĩa rời được cắm đúng hẹn", en="The removable disk comes in time")
def test_disk_comes_in_time(host, commune):
    """A disk that was asked for got its copy in time; one that did not is told of, and is no error."""
    if not commune["backup_store_disk"]:
        pytest.skip("hồ sơ không khai ổ rời | the profile names no removable disk")
    disk = state(host).get("disk", {})
    if not disk.get("copied"):
        pytest.skip("chưa lần nào chép ra ổ rời | nothing was copied to the removable disk yet")
    if (since := days(disk["copied"])) > commune["backup_store_disk_days"]:
        pytest.skip(f"đã {since:.0f} ngày chưa cắm ổ rời | the removable disk has not been seen for {since:.0f} days")

    assert disk["files"] >= 0


@pytest.mark.title(vi="Đơn vị được khoanh vùng", en="The units are sandboxed")
@pytest.mark.parametrize("unit", UNITS)
def test_units_are_sandboxed(host, unit):
    """The exposure of the units is low."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s.service", unit).succeeded
