"""Checks of the monitoring: values of every machine arrive, a problem appears and goes, and only staff get in."""

import json
import re

import pytest

UNITS = ["zabbix-server.service", "monitoring-web.service"]
FRESH_SECONDS = 180
PROBLEM_SECONDS = 150
TEST_UNIT = "commune-thu-giam-sat.service"
FRESH = """
    select h.host || '|' || coalesce(max(v.clock), 0) from hosts h join items i using (hostid)
    left join history_uint v on v.itemid = i.itemid and v.clock > extract(epoch from now()) - 900
    where i.key_ = '{key}' and h.status = 0 group by h.host
"""
ACCOUNTS = """
    select u.username || '|' || coalesce(r.type, 0) || '|' || bool_or(g.users_status = 1)
      || '|' || bool_or(g.gui_access = 3)
    from users u left join role r using (roleid) join users_groups ug using (userid) join usrgrp g using (usrgrpid)
    group by u.username, r.type
"""
DEFAULT_PASSWORDS = (
    "select count(*) from users where passwd like '$2y$10$92nDno4n0Zm7Ej7Jfsz8W%' or passwd like '$2y$10$89otZ%'"
)
PROBLEMS = "select count(*) from problem where source = 0 and object = 0 and r_eventid is null and name like '%{name}%'"
ALERTS = "select count(*) from alerts where subject like '%{name}%' and status = 1 and alerttype = 0"


def ask(host, query):
    """Return the answer of Zabbix's database, line by line."""
    with host.sudo("monitoring"):
        command = "psql --no-psqlrc --tuples-only --no-align --dbname=monitoring --command %s"
        return host.check_output(command, " ".join(query.split())).splitlines()


def page(commune):
    """Return the address of the pages."""
    return next(f"https://{each['name']}/" for each in commune["commune_endpoints"] if each["service"] == "monitoring")


def log_in(client, commune, name, password):
    """Log in as a person does; return where the pages then lead."""
    form = {"name": name, "password": password, "enter": "Sign in", "autologin": "0"}
    return client.post(f"{page(commune)}index.php", data=form)


def call(client, commune, method, params):
    """Call the programming interface as anybody can; return its answer."""
    body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    content = json.dumps(body).encode()
    return client.post(
        f"{page(commune)}api_jsonrpc.php", content=content, headers={"content-type": "application/json-rpc"}
    ).json()


@pytest.mark.title(vi="Máy chủ giám sát và trang của nó chạy", en="The monitoring server and its pages run")
@pytest.mark.parametrize("unit", UNITS)
def test_units_run(host, unit):
    """The monitoring server and its pages run."""
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled
    assert host.run("/usr/local/sbin/monitoring-health").succeeded


@pytest.mark.flow
@pytest.mark.title(vi="Số đo mới của mọi máy tới nơi", en="Fresh values of every machine arrive")
def test_values_of_every_machine_are_fresh(host, commune, eventually):
    """Fresh values of every machine arrive."""
    machines = {each["name"] for each in commune["commune"]["hosts"]}

    def fresh():
        now = int(host.check_output("date +%s"))
        last = dict(line.split("|") for line in ask(host, FRESH.format(key="agent.ping")))
        return set(last) == machines and all(now - int(clock) < FRESH_SECONDS for clock in last.values())

    assert eventually(fresh, timeout=FRESH_SECONDS)


@pytest.mark.flow
@pytest.mark.title(
    vi="Dịch vụ hỏng thành sự cố, có thư báo, sửa xong thì hết",
    en="A failed unit becomes a problem with a mail, and is over when it is mended",
)
def test_a_failed_unit_becomes_a_problem_and_goes(host, eventually):
    """A failed unit becomes a problem with a mail, and is over when it is mended."""
    open_problems = PROBLEMS.format(name=TEST_UNIT)
    mails = int(ask(host, ALERTS.format(name=TEST_UNIT))[0])
    host.run("systemd-run --quiet --wait --unit=%s /bin/false", TEST_UNIT)
    try:
        assert eventually(lambda: ask(host, open_problems) == ["1"], timeout=PROBLEM_SECONDS)
        assert eventually(lambda: int(ask(host, ALERTS.format(name=TEST_UNIT))[0]) > mails, timeout=60)
    finally:
        host.run("systemctl reset-failed %s", TEST_UNIT)
    assert eventually(lambda: ask(host, open_problems) == ["0"], timeout=PROBLEM_SECONDS)


@pytest.mark.flow(zone="office")
@pytest.mark.title(
    vi="Người quản trị đăng nhập được từ mạng văn phòng", en="The administrator logs in from the office's network"
)
def test_the_administrator_logs_in(web, commune, secrets):
    """The administrator logs in from the office's network."""
    first = web.get(f"{page(commune)}index.php")
    entered = log_in(web, commune, commune["monitoring_administrator"], secrets("admin_password"))

    assert first.status_code == 200
    assert entered.status_code == 302
    assert "zabbix.php" in entered.headers["location"] or "dashboard" in entered.headers["location"]


@pytest.mark.flow(zone="office")
@pytest.mark.title(vi="Mật khẩu mặc định của nhà sản xuất bị từ chối", en="The vendor's default password is refused")
@pytest.mark.parametrize(("name", "password"), [("Admin", "zabbix"), ("guest", ""), ("smartcommune", "zabbix")])
def test_default_accounts_are_refused(web, commune, name, password):
    """The vendor's default password is refused."""
    answer = call(web, commune, "user.login", {"username": name, "password": password})

    assert "result" not in answer
    assert answer["error"]["code"] in (-32500, -32602)


@pytest.mark.title(vi="Chỉ có các tài khoản đã khai", en="There are the declared accounts only")
def test_accounts_are_those_declared(host, commune):
    """There are the declared accounts only: name, kind (3 may do all), whether shut out, whether without pages."""
    administrators = [line for line in ask(host, ACCOUNTS) if line.split("|")[1] == "3"]

    assert sorted(administrators) == sorted(
        [f"{commune['monitoring_administrator']}|3|false|false", "smartcommune|3|false|true"]
    )
    assert "guest|1|true|false" in ask(host, ACCOUNTS)
    assert ask(host, DEFAULT_PASSWORDS) == ["0"]


@pytest.mark.flow(zone="office")
@pytest.mark.title(vi="Phần riêng của trang không đọc được từ ngoài", en="The private parts of the pages stay private")
@pytest.mark.parametrize(
    "path",
    ["conf/zabbix.conf.php.example", "include/config.inc.php", "local/README", "vendor/autoload.php", ".htaccess"],
)
def test_private_parts_are_not_served(web, commune, path):
    """The private parts of the pages stay private."""
    assert web.get(page(commune) + path).status_code == 404


@pytest.mark.title(vi="Máy chủ giám sát chỉ nghe nơi được phép", en="The server listens only where it is allowed to")
def test_server_listens_only_where_allowed(host, commune):
    """The server listens only where it is allowed to."""
    listening = re.findall(r"(\S+):10051 ", host.check_output("ss --listening --tcp --numeric --no-header"))

    assert sorted(listening) == sorted(["127.0.0.1", commune["commune_host"]["address"]])


@pytest.mark.title(
    vi="Người lạ không nói thay máy của xã", en="Nobody speaks in a machine's name without its certificate"
)
def test_values_without_a_certificate_are_refused(host, commune):
    """Nobody speaks in a machine's name without its certificate."""
    tls = "select count(*) from hosts where status = 0 and flags = 0 and tls_accept <> 4 and host in ({})"
    names = ", ".join(f"'{each['name']}'" for each in commune["commune"]["hosts"])

    assert ask(host, tls.format(names)) == ["0"]
    assert ask(host, "select count(*) from config_autoreg_tls where tls_psk <> ''") == ["0"]


@pytest.mark.title(vi="Thiết bị chỉ được hỏi bằng SNMPv3 có mã hóa", en="Devices are asked by encrypted SNMPv3 only")
def test_devices_are_asked_by_encrypted_snmp(host):
    """Devices are asked by encrypted SNMPv3 only."""
    assert ask(host, "select count(*) from interface_snmp where version <> 3 or securitylevel <> 2") == ["0"]


@pytest.mark.title(vi="Tệp cấu hình được giữ kín", en="The pages' configuration is kept to itself")
def test_configuration_is_private(host):
    """The pages' configuration is kept to itself."""
    file = host.file("/etc/zabbix/zabbix.conf.php")

    assert (file.user, file.group, file.mode) == ("root", "monitoring", 0o640)
    assert not host.file("/etc/sudoers.d/zabbix").exists


@pytest.mark.title(vi="Máy chủ giám sát và trang chạy trong hộp cát", en="Server and pages run in sandboxes")
@pytest.mark.parametrize("unit", UNITS)
def test_units_are_sandboxed(host, unit):
    """Server and pages run in sandboxes."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s", unit).succeeded
