"""Checks of the agent: it runs, reports by its certificate only, listens nowhere, and tells what is there."""

import json

import pytest

CONFIGURATION = "/etc/commune-agent/zabbix_agent2.conf"
UNIT = "zabbix-agent2.service"


def settings(host):
    """Return the agent's settings by name; several of one name are a list."""
    lines = [line for line in host.file(CONFIGURATION).content_string.splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        name, _, value = line.partition("=")
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.title(vi="Tác tử giám sát chạy", en="The agent runs")
def test_agent_runs(host):
    """The agent runs."""
    assert host.service(UNIT).is_running
    assert host.service(UNIT).is_enabled


@pytest.mark.title(vi="Tác tử không nghe cổng nào", en="The agent listens nowhere")
def test_agent_listens_nowhere(host):
    """The agent listens nowhere."""
    listening = host.check_output("ss --listening --tcp --udp --numeric --processes --no-header")

    assert "zabbix_agent" not in listening
    assert "Server" not in settings(host)


@pytest.mark.title(
    vi="Tác tử chỉ tin máy chủ giám sát của xã", en="The agent trusts the commune's monitoring server only"
)
def test_agent_speaks_by_certificate(host, commune):
    """The agent trusts the commune's monitoring server only."""
    found, server = settings(host), commune["monitoring_agent_monitoring"]

    assert (found["TLSConnect"], found["TLSAccept"]) == (["cert"], ["cert"])
    assert found["TLSServerCertSubject"] == [f"CN={server['fqdn']}"]
    assert found["TLSServerCertIssuer"][0].startswith(f"CN={server['host']} issuing CA,")
    assert found["ServerActive"] == [f"{server['address']}:10051"]


@pytest.mark.title(vi="Máy chủ giám sát không sai khiến được máy", en="The server cannot command the machine")
def test_agent_takes_no_commands(host):
    """The server cannot command the machine."""
    found = settings(host)

    assert found["DenyKey"] == ["*"]
    assert not [key for key in found["AllowKey"] if key.startswith(("system.run", "vfs.file", "log"))]


@pytest.mark.title(vi="Tình trạng máy được nói đủ", en="The state of the machine is told whole")
def test_state_is_told(host, commune):
    """The state of the machine is told whole, and the commune's services run."""
    state = json.loads(host.check_output("python3 -IS /usr/local/lib/commune/state.py /etc/commune-agent/state.json"))
    watched = {each["name"] for each in commune["commune_host"]["services"] if each["unit"]}

    assert {"units", "services", "certificate", "mail"} <= state.keys()
    assert {each["name"]: each["running"] for each in state["services"]} == dict.fromkeys(watched, 1)
    assert state["certificate"]["days"] > 0


@pytest.mark.title(vi="Tác tử chạy trong hộp cát", en="The agent runs in a sandbox")
def test_agent_is_sandboxed(host):
    """The agent runs in a sandbox."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s", UNIT).succeeded
