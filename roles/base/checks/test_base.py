"""Checks of the baseline: who gets in, what is open, and what keeps the machine patched, on time and logging."""

import json

import pytest

CONTAINER = "máy ảo hóa dùng chung nhân với máy chủ của nó | a container shares this with its host"


@pytest.mark.title(vi="SSH chỉ nhận khóa, không nhận root và mật khẩu", en="SSH takes keys only, no root, no password")
def test_ssh_takes_keys_only(host):
    """SSH takes keys only, no root, no password."""
    effective = host.check_output("sshd -T")

    for line in (
        "permitrootlogin no",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "x11forwarding no",
    ):
        assert line in effective.splitlines()
    assert "authenticationmethods publickey" in effective


@pytest.mark.title(vi="SSH chỉ dùng thuật toán mạnh", en="SSH uses strong algorithms only")
def test_ssh_uses_strong_algorithms(host):
    """SSH uses strong algorithms only."""
    effective = dict(line.split(" ", 1) for line in host.check_output("sshd -T").splitlines() if " " in line)

    assert set(effective["ciphers"].split(",")) == {"aes256-gcm@openssh.com", "aes256-ctr"}
    assert all(
        method.startswith(("mlkem768x25519", "sntrup761x25519")) for method in effective["kexalgorithms"].split(",")
    )
    assert all(method.endswith("-etm@openssh.com") for method in effective["macs"].split(","))
    assert effective["hostkeyalgorithms"] == "ssh-ed25519"


@pytest.mark.title(vi="Chỉ tài khoản quản trị đăng nhập được", en="Only the administrator's account can log in")
def test_only_the_administrator_logs_in(host, commune):
    """Only the administrator's account can log in."""
    passwords = [line.split(":")[:2] for line in host.check_output("getent shadow").splitlines()]
    shells = [line.split(":") for line in host.check_output("getent passwd").splitlines()]

    assert [name for name, password in passwords if password[:1] not in ("!", "*")] == []
    assert [fields[0] for fields in shells if fields[2] == "0"] == ["root"]
    people = {fields[0] for fields in shells if fields[6].endswith("sh") and int(fields[2]) >= 1000}
    assert people == {"commune", commune.get("ansible_user", "commune")}


@pytest.mark.title(vi="Đúng các khóa đã khai được đăng nhập", en="Exactly the declared keys may log in")
def test_exactly_the_declared_keys(host, commune):
    """Exactly the declared keys may log in."""
    keys = host.file("/home/commune/.ssh/authorized_keys")

    assert keys.mode == 0o600
    assert keys.content_string.split("\n")[:-1] == commune["base_authorized_keys"]
    assert not host.file("/root/.ssh/authorized_keys").exists


@pytest.mark.title(
    vi="Chỉ tài khoản quản trị thành root được bằng sudo", en="Only the administrator's account becomes root by sudo"
)
def test_only_the_administrator_becomes_root(host, commune):
    """Only the administrator's account becomes root by sudo."""
    rules = host.file("/etc/sudoers.d/commune").content_string.splitlines()
    kept = {"README", "commune", *(path.rpartition("/")[2] for path in commune.get("base_sudoers_kept", []))}

    assert {line.split()[0] for line in rules if not line.startswith("#")} == {
        "commune",
        commune.get("ansible_user", "commune"),
    }
    assert set(host.file("/etc/sudoers.d").listdir()) <= kept
    assert host.run("visudo -cq").succeeded


@pytest.mark.title(vi="Dịch vụ của nền tảng chạy trong hộp cát", en="The baseline's services run in a sandbox")
@pytest.mark.parametrize("unit", ["nftables", "postfix", "unattended-upgrades"])
def test_services_are_sandboxed(host, unit):
    """The baseline's services run in a sandbox."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s.service", unit).succeeded


@pytest.mark.title(vi="Nhập sai mật khẩu nhiều lần thì tài khoản bị khóa", en="An account locks after failed passwords")
def test_failed_passwords_lock(host):
    """An account locks after failed passwords."""
    settings = host.file("/etc/security/faillock.conf").content_string
    deny = next(int(line.split("=")[1]) for line in settings.splitlines() if line.startswith("deny"))

    assert 1 <= deny <= 5
    assert "pam_faillock.so preauth" in host.file("/etc/pam.d/common-auth").content_string


def chains(host):
    """Return the chains and the rules of the running firewall, as nft's JSON has them."""
    running = json.loads(host.check_output("nft --json list table inet commune"))["nftables"]
    return [item["chain"] for item in running if "chain" in item], [item["rule"] for item in running if "rule" in item]


@pytest.mark.title(vi="Tường lửa chặn mặc định cả vào lẫn ra", en="The firewall denies by default, in and out")
def test_firewall_denies_by_default(host, commune):
    """The firewall denies by default, in and out."""
    found, _ = chains(host)
    machine = commune["commune_host"]
    tables = {f"table {name}" for name in ("inet commune", *machine["firewall_tables"])}
    forward = "accept" if machine["router"] else "drop"  # what a router lets pass stands in its own table

    assert set(host.check_output("nft list tables").splitlines()) == tables
    assert {chain["name"]: chain["policy"] for chain in found} == {
        "input": "drop",
        "forward": forward,
        "output": "drop",
    }


@pytest.mark.title(vi="Tường lửa mở đúng các cổng đã khai", en="The firewall opens exactly the declared ports")
def test_firewall_opens_what_the_site_says(host, commune):
    """The firewall opens exactly the declared ports."""
    _, rules = chains(host)
    opened = set()
    for rule in rules:
        ports = [item["match"] for item in rule["expr"] if "match" in item and isinstance(item["match"]["left"], dict)]
        ports = [match for match in ports if match["left"].get("payload", {}).get("field") == "dport"]
        opened |= {(rule["chain"], match["left"]["payload"]["protocol"], match["right"]) for match in ports}
    rules_in = {("input", rule["protocol"], rule["port"]) for rule in commune["commune_host"]["inbound"]}
    rules_out = {("output", rule["protocol"], rule["port"]) for rule in commune["commune_host"]["outbound"]}

    assert opened == rules_in | rules_out


@pytest.mark.title(vi="Không cổng nào khác lắng nghe ra ngoài", en="Nothing else listens to the outside")
def test_nothing_else_listens(host, commune):
    """Nothing else listens to the outside."""
    allowed = {f"{rule['protocol']}/{rule['port']}" for rule in commune["commune_host"]["inbound"]}
    listening = set()
    for line in host.check_output("ss -H -l -n -t -u").splitlines():
        protocol, _, _, _, local = line.split()[:5]
        address, _, port = local.rpartition(":")
        if not address.startswith(("127.", "[::1]")):
            listening.add(f"{protocol}/{port}")

    assert listening <= allowed


@pytest.mark.title(vi="Tường lửa được nạp khi khởi động", en="The firewall is loaded at boot")
def test_firewall_is_loaded_at_boot(host):
    """The firewall is loaded at boot."""
    assert host.service("nftables").is_enabled


@pytest.mark.title(
    vi="Thay đổi làm mất đường vào máy sẽ tự hoàn tác, cả khi máy khởi động lại",
    en="A change that shuts the toolkit out undoes itself, at a restart too",
)
def test_a_lock_out_would_undo_itself(host):
    """A change that shuts the toolkit out undoes itself, at a restart too."""
    assert host.file("/usr/local/lib/commune/undo.py").user == "root"
    assert host.service("commune-undo-boot").is_enabled
    assert host.file("/etc/systemd/system/commune-undo@.service").exists
    assert not host.file("/var/lib/commune-undo/firewall/armed.json").exists
    assert not host.file("/var/lib/commune-undo/ssh/armed.json").exists


@pytest.mark.title(vi="Giờ được đồng bộ", en="The clock is kept in time")
def test_clock_is_synchronized(host, commune):
    """The clock is kept in time."""
    if commune["commune_host"]["router"]:
        pytest.skip("cổng giữ giờ bằng dịch vụ của nó | a router keeps the time by a service of its own")
    assert host.file("/etc/systemd/timesyncd.conf.d/60-commune.conf").contains(
        f"NTP={commune['commune_host']['gateway']}"
    )
    assert host.service("systemd-timesyncd").is_enabled
    if host.run("systemd-detect-virt --container --quiet").succeeded:
        pytest.skip(CONTAINER)
    assert host.check_output("timedatectl show --property=NTPSynchronized --value") == "yes"


@pytest.mark.title(vi="Nhật ký được giữ đủ lâu và nằm trên đĩa", en="The journal is on the disk and kept long enough")
def test_journal_retention(host, commune):
    """The journal is on the disk and kept long enough."""
    days = {1: 14, 2: 31, 3: 92}[commune["commune"]["level"]]

    assert f"MaxRetentionSec={days}day" in host.file("/etc/systemd/journald.conf.d/60-commune.conf").content_string
    assert host.file("/var/log/journal").is_directory


@pytest.mark.title(
    vi="Bản vá an ninh tự cài, chỉ từ Debian", en="Security updates install themselves, from Debian only"
)
def test_security_updates(host):
    """Security updates install themselves, from Debian only."""
    settings = host.check_output("apt-config dump")
    origins = [line for line in settings.splitlines() if line.startswith("Unattended-Upgrade::Origins-Pattern::")]

    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert len(origins) == 1
    assert "label=Debian-Security" in origins[0]
    for timer in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        assert host.service(timer).is_running


@pytest.mark.title(
    vi="Hàng đợi thư chạy và chỉ nhận thư của máy này", en="The mail queue runs and takes this machine's mail only"
)
def test_mail_queue(host):
    """The mail queue runs and takes this machine's mail only."""
    assert host.service("postfix").is_running
    assert host.run("postqueue -j").succeeded
    assert host.socket("tcp://127.0.0.1:25").is_listening
    assert not host.socket("tcp://0.0.0.0:25").is_listening
    assert host.file("/usr/sbin/sendmail").exists


@pytest.mark.title(vi="Không lưu ảnh bộ nhớ của chương trình", en="Programs leave no core dumps")
def test_no_core_dumps(host):
    """Programs leave no core dumps."""
    assert host.check_output("systemctl show --property=DefaultLimitCORE --value") == "0"
    assert "* hard core 0" in host.file("/etc/security/limits.d/60-commune.conf").content_string


@pytest.mark.title(vi="Nhân được thiết lập chặt", en="The kernel is set tight")
def test_kernel_settings(host):
    """The kernel is set tight."""
    if host.run("systemd-detect-virt --container --quiet").succeeded:
        pytest.skip(CONTAINER)
    for name, value in (
        ("kernel.dmesg_restrict", 1),
        ("net.ipv4.conf.all.accept_redirects", 0),
        ("fs.suid_dumpable", 0),
    ):
        assert host.sysctl(name) == value


@pytest.mark.title(
    vi="Mọi tên của xã phân giải được khi mất mạng", en="The commune's names are known without a name server"
)
def test_names_are_known(host, commune):
    """The commune's names are known without a name server."""
    for endpoint in commune["commune_endpoints"]:
        assert host.run("getent hosts %s", endpoint["name"]).succeeded


@pytest.mark.title(vi="Không dịch vụ nào của hệ thống bị lỗi", en="No unit of the system has failed")
def test_no_failed_unit(host):
    """No unit of the system has failed."""
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""
