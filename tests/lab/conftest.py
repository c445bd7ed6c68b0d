"""Fixtures with the lab's verbs: two booted machines, commands on them over SSH, and what a lab may leave behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from smartcommune.lab import background, cgroup, loop, network
from smartcommune.lab.lab import Lab
from smartcommune.lab.layout import CGROUP_PARENT
from smartcommune.lab.models import MachineSpec
from smartcommune.profile.network import ZONES
from smartcommune.site.models import Interface, Zone
from smartcommune.site.networks import make_zones
from smartcommune.transports import ssh
from smartcommune.transports.agent import Agent

OWNER = "urn:test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; without root they are skipped with the reason."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.lab)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the lab needs root"))


def zones(block: str = "10.77") -> tuple[Zone, ...]:
    """Return the zones of a commune, /24 each."""
    return tuple(Zone(zone, f"{block}.{index}.0/24", f"{block}.{index}.1") for index, zone in enumerate(ZONES))


@dataclass(frozen=True)
class SshHost:
    """A lab machine as the SSH transport sees it."""

    name: str
    address: str
    host_key: str
    netns: str
    source_address: str | None
    port: int = 22
    user: str = "commune"


@dataclass(frozen=True)
class Names:
    """A Site's names."""

    profile: str
    target: str = "lab"


@dataclass
class Hosts:
    """Pulumi's outputs, as far as SSH needs them."""

    hosts: dict[str, SshHost] = field(default_factory=dict)


def routed_zones() -> tuple[Zone, ...]:
    """Return the zones of two sites whose gateways route."""
    return (*make_zones("10.78.0.0/21", "ubnd", "gateway-1"), *make_zones("10.78.8.0/21", "tram", "gateway-2"))


@dataclass
class Machines:
    """A lab with ``server-1`` (zone server) and ``gateway-1`` (zone edge), and SSH to them."""

    lab: Lab
    public_key: str
    state: Path
    zones: tuple[Zone, ...] = field(default_factory=zones)

    def spec(self, name: str, **changes: object) -> MachineSpec:
        """Return what a machine of this lab shall be."""
        zone = "server" if name.startswith("server") else "edge"
        prefix = next(each.prefix for each in self.zones if each.name == zone).rpartition(".")[0]
        values: dict[str, object] = {
            "name": name,
            "zone": zone,
            "address": f"{prefix}.10",
            "prefix_length": 24,
            "gateway": f"{prefix}.1",
            "memory": 1 << 30,
            "disk": 8 << 30,
            "authorized_keys": (self.public_key,),
        }
        if name == "gateway-1" and any(each.router for each in self.zones):
            links = [self.router_link(each) for each in self.zones if each.site == "ubnd"]
            links.sort(key=lambda link: link.zone != "edge")  # its own zone comes first
            values |= {"address": links[0].address, "gateway": self.zones[0].gateway, "interfaces": tuple(links)}
        return MachineSpec(**values | changes)  # type: ignore[arg-type]

    @staticmethod
    def router_link(zone: Zone) -> Interface:
        """Return a router's link to a zone."""
        address = zone.gateway if zone.router else f"{zone.gateway}0"
        return Interface(zone.name, address, 24, zone.name)

    def boot(self) -> None:
        """Have network and machines, ready for log-in."""
        self.lab.ensure_network(self.zones)
        for name in ("server-1", "gateway-1"):
            self.lab.ensure_machine(self.spec(name), OWNER)
        for name in ("server-1", "gateway-1"):
            self.lab.wait_ready(name)

    def ssh_arguments(self, folder: Path) -> tuple[str, ...]:
        """Return the arguments by which ssh reaches the machines, its files in ``folder``."""
        hosts = {}
        for state in self.lab.list():
            source = self.lab.source_address(state.spec.address)
            hosts[state.name] = SshHost(state.name, state.spec.address, state.host_key, self.lab.netns, source)
        return ssh.ssh_options(Names(self.lab.layout.profile), Hosts(hosts), folder=folder)

    def ssh(self, name: str, command: str, *, check: bool = True) -> str:
        """Run a command on a machine over SSH, with the host key checked, and return its output."""
        options = [*self.ssh_arguments(self.state / "ssh"), "-o", "ControlMaster=no", "-o", "ControlPath=none"]
        argv = ["ssh", *options, name, command]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            pytest.fail(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip() if check else done.stdout + done.stderr


@dataclass(frozen=True)
class Traces:
    """All on this computer that a lab could leave behind."""

    namespaces: frozenset[str]
    mounts: frozenset[str]
    groups: frozenset[str]
    loops: frozenset[str]
    processes: frozenset[int]
    units: str
    sysctls: tuple[str, ...]


def find_traces(state: Path) -> Traces:
    """Return what is there now of labs below ``state`` (and, for names, of any lab)."""
    settings = ("fs/inotify/max_user_instances", "net/ipv4/ip_forward", "net/ipv6/conf/all/disable_ipv6")
    mine = str(state.resolve())
    parents = [item.mount / CGROUP_PARENT for item in cgroup.hierarchies()]
    units = ""
    if background.booted_with_systemd():
        command = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "sc-lab-*"]
        units = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Traces(
        frozenset(name for name in network.namespaces_present() if name.startswith(f"sc-test-{os.getpid()}")),
        frozenset(line for line in Path("/proc/self/mountinfo").read_text().splitlines() if mine in line),
        frozenset(str(group) for parent in parents for group in parent.glob(f"test-{os.getpid()}*")),
        frozenset(image for _, image in loop.all_attached() if image.startswith(mine)),
        frozenset(background.marked_processes(mine)),
        "\n".join(line for line in units.splitlines() if f"test-{os.getpid()}" in line),
        tuple(Path("/proc/sys", name).read_text() for name in settings),
    )


@pytest.fixture
def traces() -> Callable[[Path], Traces]:
    """What lies about on this computer of labs below a state folder."""
    return find_traces


@pytest.fixture(scope="session")
def key_pair() -> tuple[str, str]:
    """A private and a public key, as Pulumi would give them."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.fixture(scope="session")
def agent(key_pair: tuple[str, str]) -> Iterator[Agent]:
    """An ssh-agent with the key."""
    with Agent(key_pair[0]) as running:
        yield running


@pytest.fixture(scope="module")
def machines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, key_pair: tuple[str, str], agent: Agent
) -> Iterator[Machines]:
    """A booted lab of its own for the tests of a module; all of it is removed afterwards."""
    state = tmp_path_factory.mktemp("state")
    lab = Lab(f"test-{os.getpid()}-{request.module.__name__.rpartition('_')[2]}", state=state)
    found = Machines(lab, key_pair[1], state, getattr(request.module, "LAB_ZONES", zones()))
    try:
        found.boot()
        yield found
    finally:
        lab.clean()


@pytest.fixture
def running(machines: Machines) -> Machines:
    """The module's lab with both machines running, whatever the test before did to them."""
    for target in ("server-1", "gateway-1", "server", "wan"):
        machines.lab.restore(target)
    machines.boot()
    return machines
