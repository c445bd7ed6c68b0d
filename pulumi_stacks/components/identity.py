"""Component ``Identity``: how the commune's machines prove who they are, and how the toolkit does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from pulumi_stacks.components.resources import CertificateAuthority, HostAuthority, KeyPair
from smartcommune.targets.pki import excluded_names

if TYPE_CHECKING:
    from smartcommune.site.models import Site


class Identity(pulumi.ComponentResource):
    """The toolkit's SSH keys, the commune's root authority, and one issuing authority a host."""

    def __init__(self, site: Site, options: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("smartcommune:component:Identity", site.profile, {}, options)
        mine = pulumi.ResourceOptions(parent=self)
        self.keys = KeyPair(site.profile, comment=f"smartcommune@{site.profile}", options=mine)
        name = str(site.commune["name"])
        self.root = CertificateAuthority(
            site.profile, common_name=f"{name} root CA", organization=f"UBND {name}", options=mine
        )
        self.authorities = {}
        for host in site.hosts:
            others = tuple(name for other in site.hosts if other.name != host.name for name in other.names)
            excluded = excluded_names(host.names, others)
            self.authorities[host.name] = HostAuthority(host, excluded=excluded, root=self.root, options=mine)
        self.register_outputs({})
