"""What the targets hand on: hosts with their host keys, secrets, the SSH key, certificates.

Read from the state, without engine and without lock, so that the inventory and the checks are quick.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smartcommune.errors import NotProvisionedError
from smartcommune.lab.topology import toolkit_address
from smartcommune.targets.layout import layout
from smartcommune.targets.passphrase import load_passphrase
from smartcommune.targets.state import Decrypter, State, load_state
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartcommune.site.models import Site

LAB_USER = "commune"
LAB_PORT = 22


@dataclass(frozen=True, slots=True)
class HostOutput:
    """A host as SSH reaches it. ``netns`` set: from inside that network namespace, bound to ``source_address``."""

    name: str
    address: str
    port: int
    user: str
    host_key: str
    netns: str | None = None
    source_address: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceOutput:
    """A network device as SSH reaches it, as HostOutput. ``simulator``: it is one of the lab's.

    ``first_password`` is what a simulator came with, and ``host_key`` its own; a real device's are known to who stands
    before it.
    """

    name: str
    address: str
    port: int
    netns: str | None = None
    source_address: str | None = None
    simulator: bool = False
    host_key: str = ""
    first_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An SSH key pair: the public part as an authorized_keys line, the private one in OpenSSH's format."""

    public: str
    private: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """A host's issuing CA, as PEM."""

    certificate: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outputs:
    """All of it. ``secrets`` by the ids of ``site.secrets``; ``authorities`` by host."""

    hosts: dict[str, HostOutput]
    secrets: dict[str, str] = field(repr=False)
    ssh: KeyPair
    ca_certificate: str
    authorities: dict[str, Authority]
    devices: dict[str, DeviceOutput] = field(default_factory=dict)


def fetch_outputs(site: Site) -> Outputs:
    """Return what stands of ``site`` now: of its hosts and secrets, those that were made.

    Raises NotProvisionedError when nothing was, UsageError when the passphrase is not the state's.
    """
    state = load_state(layout(site).state_file)
    keys, roots = (_only(state, "ssh:KeyPair"), _only(state, "pki:CertificateAuthority"))
    if keys is None or roots is None or state.salt is None:
        raise NotProvisionedError(
            Text(
                vi=f"{site.profile} chưa được dựng trên {site.target}",
                en=f"{site.profile} has not been provisioned on {site.target}",
            ),
            todo=Text(
                vi=f"chạy: smartcommune apply {site.profile} --target {site.target}",
                en=f"run: smartcommune apply {site.profile} --target {site.target}",
            ),
        )
    open_ = Decrypter(load_passphrase(os.environ), state.salt).value
    return Outputs(
        hosts=_hosts(site, state),
        secrets={
            name: open_(resource.outputs["value"])
            for kind in ("Password", "Token")
            for name, resource in state.of_type(f"smartcommune:secret:{kind}").items()
        },
        ssh=KeyPair(keys["publicKey"], open_(keys["privateKey"])),
        ca_certificate=roots["certificate"],
        authorities={
            name: Authority(resource.outputs["certificate"], open_(resource.outputs["privateKey"]))
            for name, resource in state.of_type("smartcommune:pki:HostAuthority").items()
        },
        devices=_devices(site, state, open_),
    )


def _only(state: State, kind: str) -> dict[str, str] | None:
    found = list(state.of_type(f"smartcommune:{kind}").values())
    return found[0].outputs if found else None


def _hosts(site: Site, state: State) -> dict[str, HostOutput]:
    """Return the hosts in the Site's order."""
    lab = state.of_type("smartcommune:lab:Machine")
    existing = state.of_type("smartcommune:existing:Machine")
    hosts: dict[str, HostOutput] = {}
    for name in (host.name for host in site.hosts):
        if name in lab:
            made = lab[name].outputs
            source = toolkit_address(site.zones, made["address"])
            hosts[name] = HostOutput(
                name, made["address"], LAB_PORT, LAB_USER, made["hostKey"], made["namespace"], source
            )
        elif name in existing:
            found = existing[name].outputs
            hosts[name] = HostOutput(name, found["address"], found["port"], found["user"], found["hostKey"])
    return hosts


def _devices(site: Site, state: State, open_: Callable[[Any], str]) -> dict[str, DeviceOutput]:
    """Return the devices in the Site's order: the lab's simulators, and whatever stands at the address declared.

    In the lab, devices that are not simulated are looked for in its namespace as well.
    """
    made = state.of_type("smartcommune:lab:Simulator")
    network = next(iter(state.of_type("smartcommune:lab:Network").values()), None)
    netns = network.outputs["namespace"] if network is not None and site.target == "lab" else None
    devices: dict[str, DeviceOutput] = {}
    for device in site.devices:
        source = toolkit_address(site.zones, device.address) if netns else None
        simulator = made.get(device.name)
        first = open_(simulator.outputs["firstPassword"]) if simulator is not None else None
        key = simulator.outputs.get("hostKey", "") if simulator is not None else ""
        devices[device.name] = DeviceOutput(
            device.name, device.address, device.port, netns, source, simulator is not None, key, first
        )
    return devices
