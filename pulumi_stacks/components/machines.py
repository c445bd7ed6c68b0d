"""Components ``LabMachines`` and ``ExistingMachines``: the Site's hosts on either target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from pulumi_stacks.components.resources import ExistingMachine, KeyPair, LabMachine, LabNetwork, LabSimulator
from smartcommune.devices.simulators.lab import simulated

if TYPE_CHECKING:
    from smartcommune.site.models import Site


class LabMachines(pulumi.ComponentResource):
    """The zones as bridges on this computer, a machine a host, and a simulator a device of a simulated platform."""

    def __init__(self, site: Site, keys: KeyPair, options: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("smartcommune:component:LabMachines", site.profile, {}, options)
        mine = pulumi.ResourceOptions(parent=self)
        self.network = LabNetwork(site.profile, zones=site.zones, options=mine)
        self.machines = {
            host.name: LabMachine(
                host, commune=site.profile, network=self.network, authorized_key=keys.public_key, options=mine
            )
            for host in site.hosts
        }
        self.simulators = {
            device.name: LabSimulator(device, commune=site.profile, network=self.network, options=mine)
            for device in site.devices
            if simulated(device.platform)
        }
        self.register_outputs({})


class ExistingMachines(pulumi.ComponentResource):
    """Machines that already stand in the commune."""

    def __init__(self, site: Site, keys: KeyPair, options: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("smartcommune:component:ExistingMachines", site.profile, {}, options)
        mine = pulumi.ResourceOptions(parent=self)
        self.machines = {
            host.name: ExistingMachine(host.name, connection=host.connection, keys=keys, options=mine)
            for host in site.hosts
            if host.connection is not None
        }
        self.register_outputs({})
