"""A change that shuts the toolkit out of a machine undoes itself, whatever happens to the toolkit or the machine.

Each mistake is one that a careless edit of a role would make: a copy of the checkout has it, and its ``apply`` is run.
"""

from __future__ import annotations

import signal

import pytest

from tests.mistakes import PATIENCE, STATE, as_before, failure_of, mistakes, seconds_of, wait_for
from tests.waiting import wait_until

HOST = "gateway-1"
LIMIT = 90.0  # seconds from the change to its undoing
NO_SSH = ("roles/base/templates/etc/nftables.conf.j2", "in commune_host.inbound %}", "in [] %}")
NOBODY = (
    "roles/base/templates/etc/ssh/sshd_config.j2",
    "[base_admin, ansible_user | default(base_admin)]",
    "['nobody']",
)
ELSEWHERE = ("roles/base/templates/etc/ssh/sshd_config.j2", "Port {{ commune_host.ssh_port }}", "Port 2222")
MOVED = (
    "roles/base/tasks/firewall.yml",
    "- name: Load the firewall at boot",
    """- name: Change the addresses
  armed_change:
    name: addresses
    revert_after: 20
    files:
      - path: /etc/systemd/network/05-mistake.network
        content: |
          [Match]
          Type=ether
          [Network]
          Address=192.0.2.1/24
    units: {systemd-networkd.service: reload}

- name: Load the firewall at boot""",
)
DROP_A_RULE = (
    "nft delete rule inet commune output handle "
    "$(nft --handle list chain inet commune output | sed -n 's/.*dport 3142 .*# handle //p')"
)


def revert_after(name, seconds):
    """Return the edit that gives a change another time to be confirmed in."""
    return f"roles/base/tasks/{name}.yml", f"    name: {name}\n", f"    name: {name}\n    revert_after: {seconds}\n"


@pytest.fixture
def mistaken(commune, tmp_path):
    """A function that makes a checkout with edits; afterwards the machine has to be as it was."""
    with as_before(lambda: state_of(commune)), mistakes(commune, HOST, tmp_path) as make:
        yield make


def state_of(commune):
    """Return what the way in depends on: rules, files, the ports that the SSH server listens on, addresses, routes."""
    ports = "ss -H -l -n -t | grep -oE ':(22|2222) ' | sort"
    network = "ip -brief address | sed s/@if[0-9]*//; ip route; ls /etc/systemd/network"
    return commune.on(HOST, f"nft --stateless list ruleset; cat /etc/nftables.conf; sshd -T; {ports}; {network}")


def wait_until_shut_out(commune):
    """Wait until the rules let no SSH in any more."""
    wait_for(commune, HOST, "firewall/armed.json")
    rules = "nft list chain inet commune input"
    wait_until(lambda: 'comment "base"' not in commune.on(HOST, rules), "the firewall changes", seconds=PATIENCE)


def test_a_firewall_that_shuts_the_toolkit_out(commune, mistaken):
    """The machine undoes it within 90 s, and apply fails and says that it was undone."""
    process = mistaken(NO_SSH).start()
    message = failure_of(process)
    record = wait_for(commune, HOST, "firewall/undone.json")

    assert "undone by the machine" in message["en"]
    assert "hoàn tác" in message["vi"]
    assert "the change of firewall was undone 60 s after it was made" in message["en"]
    assert record["why"] == "timer"
    assert seconds_of(record) <= LIMIT


@pytest.mark.real_time
@pytest.mark.parametrize("mistake", [NOBODY, ELSEWHERE], ids=["accounts", "port"])
def test_an_ssh_server_that_shuts_the_toolkit_out(commune, mistaken, mistake):
    """A configuration that lets nobody in, and one that listens elsewhere, are undone as well."""
    process = mistaken(mistake, revert_after("ssh", 20)).start()
    message = failure_of(process)

    assert "the change of ssh was undone 20 s after it was made" in message["en"]
    assert wait_for(commune, HOST, "ssh/undone.json")["why"] == "timer"


@pytest.mark.real_time
def test_an_address_that_shuts_the_toolkit_out(commune, mistaken):
    """Addresses that move while the toolkit is connected by them move back, and apply is told so."""
    message = failure_of(mistaken(MOVED).start())

    assert "the change of addresses was undone 20 s after it was made" in message["en"]
    assert wait_for(commune, HOST, "addresses/undone.json")["why"] == "timer"


@pytest.mark.real_time
@pytest.mark.parametrize("stop", ["reboot", "power cut"])
def test_a_restart_between_change_and_confirmation(commune, mistaken, stop):
    """The machine comes up with the old firewall, long before the timer, and apply is told so."""
    process = mistaken(NO_SSH, revert_after("firewall", 900)).start()
    wait_until_shut_out(commune)
    if stop == "reboot":
        commune.lab.reboot(HOST)
    else:
        commune.lab.kill(HOST, power=True)
        commune.lab.start(HOST)
    commune.lab.wait_ready(HOST)
    message = failure_of(process)

    assert "the change of firewall was undone when the machine started again" in message["en"]
    assert wait_for(commune, HOST, "firewall/undone.json")["why"] == "boot"


@pytest.mark.real_time
def test_a_killed_apply_between_change_and_confirmation(commune, mistaken):
    """Without the toolkit the machine undoes the change by itself; the next apply mends what is to mend."""
    process = mistaken(NO_SSH, revert_after("firewall", 20)).start()
    wait_until_shut_out(commune)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    record = wait_for(commune, HOST, "firewall/undone.json")
    commune.on(HOST, DROP_A_RULE)
    mended = commune.document(*commune.verb("apply"), "--yes", "--no-verify", "--limit", HOST)

    assert (record["why"], mended["changed"]["hosts"], mended["failures"]) == ("timer", 1, [])
    assert commune.on(HOST, f"ls {STATE}/firewall") == "confirmed.json\n"
