"""A change of the gateway's own rules, addresses or routes that shuts the toolkit out undoes itself.

Each mistake is one that a careless edit of the role would make; the machine stays the way to all others meanwhile.
"""

from __future__ import annotations

import pytest

from tests.mistakes import SETTLED, as_before, failure_of, mistakes, seconds_of, wait_for
from tests.waiting import wait_until

ROUTER = "gateway-1"
LIMIT = 90.0  # seconds from the change to its undoing
LINK = "roles/zone_gateway/templates/etc/systemd/network/zone.network.j2"
ALL_ARE_LIARS = (
    "roles/zone_gateway/templates/etc/commune-gateway/firewall.nft.j2",
    'iifname "{{ link.name }}" ip saddr {{ link.prefix }} accept',
    'iifname "{{ link.name }}" ip saddr {{ link.prefix }} udp dport 9 accept',
)
ADDRESSES_MOVED = (LINK, "Address={{ link.address }}", 'Address={{ link.address | replace("10.20.", "10.99.") }}')
NO_WAY_BACK = (LINK, "\n[Link]\n", "\n[Route]\nDestination=10.20.6.254/32\nType=blackhole\n\n[Link]\n")
MISTAKES = {
    "rules": ("firewall", "gateway_firewall", ALL_ARE_LIARS),
    "addresses": ("links", "gateway_links", ADDRESSES_MOVED),
    "routes": ("links", "gateway_links", NO_WAY_BACK),
}


def revert_after(tasks, name, seconds):
    """Return the edit that gives a change another time to be confirmed in."""
    file = f"roles/zone_gateway/tasks/{tasks}.yml"
    return file, f"    name: {name}\n", f"    name: {name}\n    revert_after: {seconds}\n"


def state_of(commune):
    """Return what makes the machine a way: rules (a set of one as what is in it), links' files, addresses, routes."""
    network = "ip -brief address | sed s/@if[0-9]*//; ip route | sort; sysctl net.ipv4.ip_forward"
    files = "tail -n +1 /etc/systemd/network/* /etc/commune-gateway/firewall.nft"
    return commune.on(ROUTER, f"nft --stateless list ruleset | sed -E 's/[{{] ([^,]+) [}}]/\\1/'; {files}; {network}")


@pytest.fixture
def mistaken(commune, tmp_path):
    """A function that makes a checkout with edits; afterwards the machine, and the way to others, are as they were."""
    with as_before(lambda: state_of(commune)), mistakes(commune, ROUTER, tmp_path) as make:
        yield make
    with commune.lab.probe("office", site="ubnd") as office:
        assert office.reaches(commune.site.host("server-1").address, 443)


@pytest.mark.real_time
@pytest.mark.parametrize("what", MISTAKES)
def test_a_change_that_shuts_the_toolkit_out(commune, mistaken, what):
    """The gateway takes it back by itself within 90 s, and apply fails and says that it did."""
    _, name, mistake = MISTAKES[what]
    message = failure_of(mistaken(mistake).start())
    record = wait_for(commune, ROUTER, f"{name}/undone.json")

    assert f"the change of {name} was undone 60 s after it was made" in message["en"]
    assert record["why"] == "timer"
    assert seconds_of(record) <= LIMIT


@pytest.mark.real_time
@pytest.mark.parametrize("what", ["rules", "addresses"])
def test_a_restart_between_change_and_confirmation(commune, mistaken, what):
    """A gateway that loses power in the middle comes up with its old rules and addresses, and apply is told so."""
    tasks, name, mistake = MISTAKES[what]
    process = mistaken(mistake, revert_after(tasks, name, 900)).start()
    wait_for(commune, ROUTER, f"{name}/armed.json")
    address = commune.site.host(ROUTER).address
    with commune.lab.probe("management", site="ubnd") as toolkit:
        shut_out = "the toolkit is shut out"
        wait_until(lambda: not toolkit.reaches(address, 22, timeout=1.0), shut_out, seconds=SETTLED)
    commune.lab.kill(ROUTER, power=True)
    commune.lab.start(ROUTER)
    commune.lab.wait_ready(ROUTER)
    message = failure_of(process)

    assert f"the change of {name} was undone when the machine started again" in message["en"]
    assert wait_for(commune, ROUTER, f"{name}/undone.json")["why"] == "boot"
