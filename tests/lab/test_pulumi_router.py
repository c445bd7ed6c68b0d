"""A router by the real engine: made with the machines behind it, and mended by the same command.

Needs root and the pinned engine.
"""

import subprocess
from collections.abc import Iterator

import pytest

from smartcommune.lab import network
from smartcommune.lab.lab import Lab
from smartcommune.site.models import Site
from smartcommune.targets.outputs import fetch_outputs
from smartcommune.targets.stack import Stack
from smartcommune.transports import lab_socket
from tests.target_sites import make_site, with_router

NAME, BLOCK = "pulumi-router", 96
SERVER = f"10.{BLOCK}.3.10"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A commune with a router and a server behind it; nothing of it is left afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTCOMMUNE_STATE", str(tmp_path_factory.mktemp("state")))
        made = with_router(make_site(NAME, block=BLOCK, hosts=1))
        with Stack(made) as stack:
            stack.up()
        yield made
        with Stack(made) as stack:
            stack.destroy()
        assert Lab(NAME).list() == ()
        assert Lab(NAME).read_network() is None


def reasons(site: Site) -> dict[str, tuple[str, str]]:
    """Return what would be done: kind and reason by subject."""
    with Stack(site) as stack:
        return {action.subject.en: (action.kind, action.reason.en) for action in stack.preview().actions}


def up(site: Site) -> None:
    """Bring the commune up."""
    with Stack(site) as stack:
        stack.up()


def test_what_is_behind_the_router_is_reached_from_the_toolkits_place(site: Site) -> None:
    """Both hosts are there with a source address beside the router, and a second plan is empty."""
    hosts = fetch_outputs(site).hosts
    assert {(host.address, host.source_address) for host in hosts.values()} == {
        (SERVER, f"10.{BLOCK}.6.254"),
        (f"10.{BLOCK}.1.1", f"10.{BLOCK}.6.254"),
    }
    for host in hosts.values():
        assert lab_socket.wait_banner(host.netns, host.address, source=host.source_address, timeout=5)
    assert reasons(site) == {}


def test_a_lost_link_is_drift_and_mended(site: Site) -> None:
    """A link deleted by hand is named by its zone, and its machine started anew by the same command."""
    lab = Lab(NAME)
    before = lab.read_machine("gateway-1")
    ends = [name for name, link in network.links(lab.netns).items() if link.get("master") == "br-server"]
    for name in ends:
        subprocess.run(["ip", "-n", lab.netns, "link", "delete", name], check=True)
    assert reasons(site) == {
        "machine gateway-1": ("update", "links are lost: server"),
        "machine server-1": ("update", "links are lost: host0"),
    }
    up(site)
    after = lab.read_machine("gateway-1")
    assert before is not None
    assert after is not None
    assert before.pid != after.pid
    assert before.host_key == after.host_key
    assert reasons(site) == {}


def test_a_router_without_power_is_mended(site: Site) -> None:
    """After a power cut of the router the plan says so, and one run later what is behind it is reached."""
    Lab(NAME).kill("gateway-1", power=True)
    assert reasons(site) == {"machine gateway-1": ("update", "the machine is not running")}
    up(site)
    assert lab_socket.wait_banner(f"sc-{NAME}", SERVER, source=f"10.{BLOCK}.6.254", timeout=5)
    assert reasons(site) == {}


def test_a_cut_is_no_drift_and_a_lost_network_is(site: Site) -> None:
    """What was cut on purpose stays so; a namespace that is gone is made again with everything on it."""
    lab = Lab(NAME)
    lab.cut("gateway-1", zone="wifi")
    lab.cut("wan")
    assert reasons(site) == {}
    lab.restore("wan")
    lab.restore("gateway-1")
    subprocess.run(["ip", "netns", "delete", lab.netns], check=True)
    detached = ("update", "the machine is not connected to the lab's network")
    assert reasons(site) == {
        f"network {NAME}": ("update", "the lab's network is gone"),
        "machine server-1": detached,
        "machine gateway-1": detached,
    }
    up(site)
    assert reasons(site) == {}


def test_taking_the_router_away_replaces_it_alone(site: Site) -> None:
    """Without the router the namespace has the gateways again; the server stays the machine it is."""
    plain = make_site(NAME, block=BLOCK, hosts=1)
    before = Lab(NAME).read_machine("server-1")
    up(plain)
    after = Lab(NAME).read_machine("server-1")
    assert before is not None
    assert after is not None
    assert (after.pid, after.host_key) == (before.pid, before.host_key)
    assert fetch_outputs(plain).hosts["server-1"].source_address == f"10.{BLOCK}.6.1"
    assert lab_socket.wait_banner(f"sc-{NAME}", SERVER, source=f"10.{BLOCK}.6.1", timeout=15)
    up(site)
    assert reasons(site) == {}
