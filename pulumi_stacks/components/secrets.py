"""Component ``Secrets``: every secret that a service of the Site needs, by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from pulumi_stacks.components.resources import Password, Token

if TYPE_CHECKING:
    from smartcommune.site.models import Site

KINDS = {"password": Password, "token": Token}


class Secrets(pulumi.ComponentResource):
    """Passwords and tokens, named ``<host>/<service>/<name>``."""

    def __init__(self, site: Site, options: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("smartcommune:component:Secrets", site.profile, {}, options)
        mine = pulumi.ResourceOptions(parent=self)
        self.values = {need.id: KINDS[need.kind](need.id, length=need.length, options=mine) for need in site.secrets}
        self.register_outputs({})
