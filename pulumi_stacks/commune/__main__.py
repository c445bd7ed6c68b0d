"""The stack of one commune: the program that the toolkit runs inline, and that ``pulumi up`` runs in this folder.

In this folder the profile and the target come from ``pulumi config set profile vi-huong`` (and ``target``), or from
``SMARTCOMMUNE_PROFILE`` and ``SMARTCOMMUNE_TARGET``, which win.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi

from pulumi_stacks.components.commune import Commune

if TYPE_CHECKING:
    from smartcommune.site.models import Site


def program(site: Site) -> None:
    """Declare the commune, and export what people ask a stack for. Secrets are read from the state only."""
    commune = Commune(site)
    machines = commune.hosts.machines
    pulumi.export("hosts", {host.name: host.address for host in site.hosts if host.name in machines})
    pulumi.export("hostKeys", {name: machine.host_key for name, machine in machines.items()})
    pulumi.export("caCertificate", commune.identity.root.certificate)
    pulumi.export("sshPublicKey", commune.identity.keys.public_key)


def main() -> None:
    """Compile the profile that the stack is configured with, and declare it."""
    from smartcommune.site import load_site

    config = pulumi.Config()
    profile = os.environ.get("SMARTCOMMUNE_PROFILE") or config.require("profile")
    target = os.environ.get("SMARTCOMMUNE_TARGET") or config.get("target")
    program(load_site(profile, target))


if __name__ == "__main__":
    main()
