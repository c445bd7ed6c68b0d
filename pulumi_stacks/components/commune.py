"""Component ``Commune``: one commune on one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from pulumi_stacks.components.identity import Identity
from pulumi_stacks.components.machines import ExistingMachines, LabMachines
from pulumi_stacks.components.secrets import Secrets

if TYPE_CHECKING:
    from smartcommune.site.models import Site

MACHINES: dict[str, type[LabMachines | ExistingMachines]] = {"lab": LabMachines, "existing": ExistingMachines}


class Commune(pulumi.ComponentResource):
    """Identity, secrets and machines of the Site."""

    def __init__(self, site: Site, options: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("smartcommune:component:Commune", site.profile, {}, options)
        mine = pulumi.ResourceOptions(parent=self)
        self.identity = Identity(site, mine)
        self.secrets = Secrets(site, mine)
        self.hosts = MACHINES[site.target](site, self.identity.keys, mine)
        self.register_outputs({})
