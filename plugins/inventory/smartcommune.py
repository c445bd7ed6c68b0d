"""Ansible inventory plugin: the hosts, groups and variables of one commune (``smartcommune.converge.inventory``)."""

from __future__ import annotations

DOCUMENTATION = r"""
name: smartcommune
short_description: The machines of one commune, from its profile and its stack's outputs
description:
  - Compiles the profile, reads the stack's outputs (addresses, host keys, secrets) and gives them to Ansible in memory.
  - C(ansible-inventory) shows secrets masked.
options:
  plugin: {description: Name of this plugin., type: str, required: true, choices: [smartcommune]}
  profile:
    description: Name or path of the commune's profile; E(SMARTCOMMUNE_PROFILE) wins over it.
    type: str
    required: true
  target:
    description: Target of the profile, by default its first one; E(SMARTCOMMUNE_TARGET) wins over it.
    type: str
author: [smartcommune authors]
"""

import json
import os
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from smartcommune.errors import SmartCommuneError
from smartcommune.redaction import mask

HANDED_OVER = "SMARTCOMMUNE_INVENTORY"  # path of a pipe or memory file with the inventory, set by converge.runner


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]  # Ansible ships no types
    """Gives Ansible what ``build`` returns."""

    NAME = "smartcommune"

    def verify_file(self, path: str) -> bool:
        """Return whether ``path`` is a configuration of this plugin."""
        return bool(super().verify_file(path)) and Path(path).name in ("commune.yml", "commune.yaml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill ``inventory``."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            built = self._load()
        except SmartCommuneError as error:
            raise AnsibleParserError(
                f"{error.message.en} ({error.todo.en})" if error.todo else error.message.en
            ) from None
        variables = built.pop("_meta")["hostvars"]
        for group, content in built.items():
            self.inventory.add_group(group)
            for host in content["hosts"]:
                self.inventory.add_host(host, group=group)
        for host, values in variables.items():
            for name, value in values.items():
                self.inventory.set_variable(host, name, value)

    def _load(self) -> dict[str, Any]:
        """Return the inventory that the toolkit handed over, else build it. To be shown, it is masked."""
        if handed_over := os.environ.get(HANDED_OVER):
            return dict(json.loads(Path(handed_over).read_text(encoding="utf-8")))
        from smartcommune.converge.inventory import build
        from smartcommune.site import load_site
        from smartcommune.targets.outputs import fetch_outputs
        from smartcommune.transports.ssh import ssh_options

        # for a plugin's file Ansible puts what the file says above the environment; here the caller's wish wins
        profile = os.environ.get("SMARTCOMMUNE_PROFILE") or self.get_option("profile")
        target = os.environ.get("SMARTCOMMUNE_TARGET") or self.get_option("target")
        site = load_site(profile, target)
        outputs = fetch_outputs(site)
        ssh_options(site, outputs)
        shown = any(context.CLIARGS.get(key) for key in ("list", "host", "graph"))
        return mask(build(site, outputs), outputs) if shown else build(site, outputs)
