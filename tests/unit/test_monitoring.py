"""Zabbix from the Site: templates, hosts, what is compared, what is written, and the bytes to the PHP processes."""

from __future__ import annotations

import io
import json
import re
import socket
import struct
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.plugin_files import load_file

ROLE = Path(__file__).resolve().parents[2] / "roles" / "monitoring"
for shared in ("zabbix_compare", "zabbix_api", "zabbix_keeper"):
    load_file(ROLE / "module_utils" / f"{shared}.py", f"ansible.module_utils.{shared}")
api = load_file(ROLE / "module_utils" / "zabbix_api.py", "monitoring_api")
compare = load_file(ROLE / "module_utils" / "zabbix_compare.py", "monitoring_compare")
keeping = load_file(ROLE / "module_utils" / "zabbix_keeper.py", "monitoring_keeper")
database = load_file(ROLE / "library" / "zabbix_database.py", "monitoring_database")
sites = load_file(ROLE / "library" / "zabbix_site.py", "monitoring_site")
state = load_file(
    ROLE.parent / "monitoring_agent" / "files" / "usr" / "local" / "lib" / "commune" / "state.py", "monitoring_state"
)
filters = load_file(ROLE / "filter_plugins" / "monitoring.py", "monitoring_filters")

MACHINE = {
    "name": "server-1",
    "fqdn": "server-1.xa.example",
    "site": "ubnd",
    "zone": "server",
    "authority": "CN=server-1 CA",
}
DEVICE = {
    "name": "switch-1",
    "platform": "huawei_vrp",
    "site": "ubnd",
    "address": "10.20.6.200",
    "pollers": ["10.20.3.10"],
}


@pytest.fixture(scope="module", params=["vi", "en"])
def templates(request):
    """All templates as they are imported, in each language."""
    return filters.zabbix_templates(str(ROLE / "files" / "templates"), request.param, "31d", "366d")


def every(value, key):
    """Return all values of a key, however deep."""
    if isinstance(value, dict):
        return ([value[key]] if key in value else []) + [found for each in value.values() for found in every(each, key)]
    return [found for each in value for found in every(each, key)] if isinstance(value, list) else []


def test_identifiers_are_stable_and_differ(templates):
    """Each object has an identifier of its own, the same in each run, which passes for a random one."""
    found = every(templates, "uuid")

    assert len(found) == len(set(found)) > 30
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}8[0-9a-f]{15}", each) for each in found)


def test_triggers_speak_of_their_own_item(templates):
    """No trigger keeps the sign that stands for its item, and every item has a name in the language."""
    expressions = every(templates, "expression")

    assert len(expressions) > 15
    assert not [each for each in expressions if "@" in each.replace("@.name", "")]
    assert all(isinstance(each, str) and each for each in every(templates, "name"))


def test_dependent_items_have_their_master(templates):
    """What an item or a rule is made from stands in the same template."""
    for template in templates["zabbix_export"]["templates"]:
        keys = {item["key"] for item in template["items"]}
        masters = {each["key"] for each in every(template, "master_item")}

        assert masters
        assert masters <= keys


def test_every_machine_is_a_host_bound_to_its_certificate():
    """A machine reports under its own subject and authority; one that does not stand yet cannot be imitated."""
    absent = MACHINE | {"name": "server-2", "authority": None}
    hosts = filters.zabbix_hosts({"hosts": [MACHINE, absent], "devices": []})

    assert [(each["host"], each["tls_accept"]) for each in hosts] == [("server-1", 4), ("server-2", 4)]
    assert hosts[0]["tls_issuer"] == "CN=server-1 CA"
    assert hosts[0]["tls_subject"] == "CN=server-1.xa.example"
    assert hosts[1]["tls_issuer"] == "CN=none"


def test_devices_are_asked_by_snmp_version_3():
    """A device is asked with authentication and encryption, by what its own configuration has; keys stand in macros."""
    older = DEVICE | {"name": "switch-2", "platform": "cisco_ios"}
    silent = DEVICE | {"name": "router-1", "platform": "frr", "pollers": []}
    hosts = filters.zabbix_hosts({"hosts": [], "devices": [DEVICE, older, silent]})
    details = {each["host"]: each["interfaces"][0]["details"] for each in hosts}

    assert {name: each["authprotocol"] for name, each in details.items()} == {"switch-1": 3, "switch-2": 1}
    assert {(each["version"], each["securitylevel"], each["privprotocol"]) for each in details.values()} == {(3, 2, 1)}
    assert details["switch-1"]["authpassphrase"] == "{$SNMP_AUTH}"


@pytest.mark.parametrize(
    ("wanted", "actual", "same"),
    [
        ({"a": 1}, {"a": "1", "b": "2"}, True),
        ({"a": True}, {"a": "1"}, True),
        ({"a": 1}, {"a": "2"}, False),
        ({"a": {"b": 1}}, {"a": []}, False),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": "2", "c": "3"}, {"b": "1"}]}, True),
        ({"a": [{"b": 1}, {"b": 1}]}, {"a": [{"b": "1"}, {"b": "2"}]}, False),
        ({"a": []}, {"a": [{"b": "1"}]}, False),
    ],
)
def test_only_what_is_wanted_is_compared(wanted, actual, same):
    """Zabbix writes numbers as text, adds fields of its own, and gives lists in any order."""
    assert (compare.differing(wanted, actual) == {}) is same


class FakeApi:
    """Remembers the calls."""

    def __init__(self):
        self.calls = []

    def call(self, method, params):
        """Take a call."""
        self.calls.append((method, params))


@pytest.mark.parametrize("dry_run", [False, True])
def test_changes_are_told_and_written_only_in_a_run(dry_run):
    """In check mode the same changes are told, and nothing is called; what is hidden is never told."""
    made = FakeApi()
    keeper = keeping.Keeper(made, dry_run=dry_run)
    keeper.keep("host", "host a", {"status": 0}, None, {"macros": "secret"})
    keeper.keep("host", "host b", {"status": 0}, {"hostid": "7", "status": "1"}, {"macros": "secret"})
    keeper.keep("host", "host c", {"status": 0}, {"hostid": "8", "status": "0"}, {"macros": "secret"})
    keeper.remove("host", "host d", "9")

    assert keeper.before == ["host b: {'status': '1'}", "host d"]
    assert keeper.after == ["host a", "host b: {'status': '0'}"]
    assert keeper.removes
    assert made.calls == (
        []
        if dry_run
        else [
            ("host.create", {"status": 0, "macros": "secret"}),
            ("host.update", {"hostid": "7", "status": 0, "macros": "secret"}),
            ("host.delete", ["9"]),
        ]
    )


def test_a_changed_template_is_told_by_the_names_of_what_changes():
    """Zabbix's own comparison becomes one line for what goes and one for what comes."""
    item = {"uuid": "1", "name": "CPU", "delay": "1m"}
    difference = {
        "templates": {
            "updated": [
                {
                    "before": {"uuid": "0", "template": "machine"},
                    "after": {"uuid": "0", "template": "machine"},
                    "items": {
                        "updated": [{"before": item, "after": item | {"delay": "5m"}}],
                        "removed": [{"uuid": "2", "name": "by hand"}],
                    },
                }
            ]
        }
    }

    assert sites.template_lines(difference) == (
        "machine: items by hand; machine: items CPU {'delay': '1m'}",
        "machine: items CPU {'delay': '5m'}",
    )


def test_initial_data_is_only_what_zabbix_itself_needs():
    """Of the initial data no stock template, media type or script is taken, nor the transaction around it."""
    lines = ["START TRANSACTION;\n", "INSERT INTO role (roleid) VALUES ('1'),\n", "('2');\n"]
    lines += ["INSERT INTO media_type (script) VALUES ('a\n", "b');\n", "INSERT INTO users (userid) VALUES (1);\n"]
    lines += ["DELETE FROM changelog;\n", "COMMIT;\n"]

    assert list(database.needed(lines)) == [lines[1], lines[2], lines[5]]


def answer(content, complaint=b""):
    """Return a FastCGI answer."""
    written = b"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n" + content
    parts = api.record(api.STDERR, complaint) if complaint else b""
    return parts + api.stream(api.STDOUT, written) + api.record(api.END, struct.pack(">IB3x", 0, 0))


@pytest.fixture
def pages(tmp_path):
    """A socket that gives one prepared answer and keeps what it was asked."""
    path, asked, told = str(tmp_path / "php.sock"), [], []
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def serve():
        connection, _ = server.accept()
        with connection:
            asked.append(connection.recv(65536))
            connection.sendall(told[0])

    thread = threading.Thread(target=serve, daemon=True)
    yield path, asked, told, thread
    server.close()


def test_the_api_is_asked_by_fastcgi(pages):
    """The call goes as one request with the token in its header, and the result comes back."""
    path, asked, told, thread = pages
    told.append(answer(b'{"jsonrpc": "2.0", "result": ["a"], "id": 1}'))
    thread.start()

    assert api.Api(path, "the-token").call("host.get", {"output": "extend"}) == ["a"]
    assert b"Bearer the-token" in asked[0]
    assert b'"method": "host.get"' in asked[0]


@pytest.mark.parametrize(
    ("content", "complaint", "error", "words"),
    [
        (b'{"error": {"message": "Invalid.", "data": "No permissions."}}', b"", "ApiError", "No permissions"),
        (b"<html>", b"PHP message: no database", "NoAnswerError", "no database"),
    ],
)
def test_refusals_are_told(pages, content, complaint, error, words):
    """A refusal of the API is told as it said it, and trouble of the pages by what PHP complained of."""
    path, _, told, thread = pages
    told.append(answer(content, complaint))
    thread.start()

    with pytest.raises(getattr(api, error), match=words):
        api.Api(path).call("host.get", {})


def test_absent_pages_are_no_answer(tmp_path):
    """Where nothing listens, the module can tell that apart from a refusal."""
    with pytest.raises(api.NoAnswerError):
        api.Api(str(tmp_path / "absent")).call("host.get", {})


def test_long_values_have_long_lengths():
    """Parameters of 128 bytes and more carry their lengths in four bytes."""
    assert api.pair("a", "b" * 200)[:5] == b"\x01" + struct.pack(">I", 200 | 1 << 31)
    assert api.pair("a", "b") == b"\x01\x01ab"
    assert io.BytesIO(api.stream(api.STDIN, b"x" * 70000)).read(8)[4:6] == b"\xff\xff"


def test_the_agent_may_be_asked_for_what_the_templates_want():
    """The agent's closed list of keys is what the machine's template asks it for."""
    agent = ROLE.parent / "monitoring_agent" / "templates" / "etc" / "commune-agent" / "zabbix_agent2.conf.j2"
    allowed = set(re.findall(r"^AllowKey=(.*)$", agent.read_text(encoding="utf-8"), re.MULTILINE))
    template = yaml.safe_load((ROLE / "files" / "templates" / "machine.yml").read_text(encoding="utf-8"))

    assert {each["key"] for each in template["items"] if "from" not in each} == allowed


def test_the_last_backup_of_each_kind_is_told(tmp_path):
    """Of each kind of backup the age of the last success is told; one that never succeeded is older than any limit."""
    files = {kind: tmp_path / f"{kind}.json" for kind in ("saved", "sent", "other")}
    files["saved"].write_text(json.dumps({"last_success": {"finished": "2026-11-25T00:00:00Z"}}))
    files["sent"].write_text(json.dumps({"state": "failed", "last_success": None}))
    told = state.backup(files)
    age = time.time() - datetime(2026, 11, 25, tzinfo=UTC).timestamp()

    assert abs(told["saved"] - max(0, age)) < 5
    assert told["sent"] == state.NEVER
    assert set(told) == {"saved", "sent"}
    assert state.backup({"other": files["other"]}) is None


def test_services_are_told_by_their_units(monkeypatch):
    """A service runs where its unit is active; discovery reads its names from the same row."""
    monkeypatch.setattr(
        state, "run", lambda *_: "Id=a.service\nActiveState=active\n\nId=b.service\nActiveState=failed\n"
    )
    told = state.services(
        [{"name": each, "title": each.upper(), "unit": f"{each}.service"} for each in ("a", "b", "c")]
    )

    assert [(each["{#SERVICE}"], each["running"]) for each in told] == [("a", 1), ("b", 0), ("c", 0)]
    assert told[1]["{#TITLE}"] == "B"


def test_uplinks_are_told_by_a_router_only(tmp_path):
    """A router tells which link it uses and how many work; other machines have no such file."""
    file = tmp_path / "state.json"
    assert state.uplinks(str(file)) is None
    file.write_text(json.dumps({"active": "wan2", "alive": {"wan": False, "wan2": True}}))

    assert state.uplinks(str(file)) == {"active": "wan2", "alive": 1}
