"""How a device is reached: address, account, key or password, pinned host key; from the stack's outputs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.devices.platforms import PLATFORMS
from smartcommune.devices.record import keeper_of
from smartcommune.devices.render import render
from smartcommune.site.devices import SERVICE
from smartcommune.transports.netmiko import DeviceLogin, connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartcommune.devices.platforms.base import Platform
    from smartcommune.devices.record import Keeper
    from smartcommune.site.models import Device, Site
    from smartcommune.targets.outputs import DeviceOutput, Outputs
    from smartcommune.transports.netmiko import Connect

VARIABLE = "SMARTCOMMUNE_DEVICE_PASSWORD"


@dataclass(frozen=True, slots=True)
class Target:
    """One device, with all that is needed to work on it. ``connect`` opens its sessions.

    ``secrets`` has the values by id; ``first_password`` is the one that the device came with, where it is known.
    ``accept`` says that a changed host key is trusted from now on; ``pin`` is the host key where it is known from
    elsewhere, as that of a simulator.
    """

    device: Device
    platform: Platform
    wanted: str
    keeper: Keeper
    address: str
    port: int
    secrets: Mapping[str, str] = field(repr=False)
    private_key: str = field(repr=False, default="")
    public_key: str = ""
    first_password: str | None = field(repr=False, default=None)
    netns: str | None = None
    source_address: str | None = None
    accept: bool = False
    pin: str | None = None
    connect: Connect = connect

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name

    @property
    def password_id(self) -> str:
        """The id of the account's password."""
        return f"{self.device.name}/{SERVICE}/password"

    def login(self, pin: str | None, password: str | None) -> DeviceLogin:
        """Return the way in; devices that the toolkit's key opens are given no password."""
        return DeviceLogin(
            self.device.name,
            self.address,
            self.port,
            self.device.user,
            self.platform.device_type,
            self.platform.prompt,
            pin,
            None if self.platform.keyed else password,
            self.private_key if self.platform.keyed else None,
            self.netns,
            self.source_address,
        )


def variable_of(device: str) -> str:
    """Return the environment variable that a device's first password is looked for in, before the common one."""
    return f"{VARIABLE}_{device.upper().replace('-', '_')}"


def first_password(device: str, environ: Mapping[str, str]) -> str | None:
    """Return the password that a device came with, as the environment says; an empty one is one."""
    return environ.get(variable_of(device), environ.get(VARIABLE))


def _first(output: DeviceOutput, typed: Mapping[str, str]) -> str | None:
    """Return the first password: the one typed, the environment's, or what a simulator came with."""
    known = (typed.get(output.name), first_password(output.name, os.environ), output.first_password)
    return next((each for each in known if each is not None), None)


def targets(
    site: Site,
    outputs: Outputs,
    *,
    limit: tuple[str, ...] = (),
    accept: frozenset[str] = frozenset(),
    passwords: Mapping[str, str] | None = None,
) -> tuple[Target, ...]:
    """Return the Site's devices (those of ``limit``, where it names any) ready to be worked on.

    ``passwords`` are first passwords that somebody typed, by device.
    """
    folder = paths.deployment(site.profile, site.target)
    typed = passwords or {}
    return tuple(
        Target(
            device=device,
            platform=PLATFORMS[device.platform],
            wanted=render(site, device),
            keeper=keeper_of(folder, device.name),
            address=outputs.devices[device.name].address,
            port=outputs.devices[device.name].port,
            secrets=outputs.secrets,
            private_key=outputs.ssh.private,
            public_key=outputs.ssh.public,
            first_password=_first(outputs.devices[device.name], typed),
            netns=outputs.devices[device.name].netns,
            source_address=outputs.devices[device.name].source_address,
            accept=device.name in accept,
            pin=outputs.devices[device.name].host_key or None,
        )
        for device in site.devices
        if not limit or device.name in limit
    )
