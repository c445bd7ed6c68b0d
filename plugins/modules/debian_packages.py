#!/usr/bin/python
"""Ansible module: install missing Debian packages in one transaction, and name them in check mode on a bare machine."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: debian_packages
short_description: Install the packages that are missing
description:
  - Asks dpkg what is installed (a no-change task takes no package lists and no lock), and installs the rest in one
    transaction, without recommendations, keeping configuration files that stand already. An installation that was cut
    off is finished first.
  - Check mode works on a machine that has no package lists yet, where C(ansible.builtin.apt) fails.
options:
  name: {description: Packages that have to be installed., type: list, elements: str, required: true}
  lists_hours:
    description: Package lists older than this many hours are fetched before installing.
    type: int
    default: 24
  lock_seconds: {description: How long to wait for another package run on the machine., type: int, default: 180}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Install nginx
  debian_packages:
    name: [nginx, logrotate]
"""

RETURN = r"""
missing: {description: Packages that were, or would be, installed., type: list, elements: str, returned: always}
"""

import os
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

INTERRUPTED = "dpkg was interrupted"
LISTS = Path("/var/lib/apt/lists")
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C.UTF-8",
    "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1",
}


def missing(wanted: list[str], listing: str) -> list[str]:
    """Return the wanted packages that ``dpkg-query`` (lines of ``name status``) does not report as installed."""
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def lists_are_stale(hours: int) -> bool:
    """Return whether the package lists are absent or older than ``hours``."""
    stamps = [entry.stat().st_mtime for entry in LISTS.glob("*_Packages*")]
    # apt keeps the mirror's own time on the lists; the folder's time is when they were fetched
    return not stamps or time.time() - LISTS.joinpath("partial").stat().st_mtime > hours * 3600


def apt_get(module: AnsibleModule, *arguments: str) -> None:
    """Run apt-get without questions, after finishing what a power cut left half done; fails with its last lines."""
    lock = f"DPkg::Lock::Timeout={module.params['lock_seconds']}"
    command = ["apt-get", "--quiet=2", "--option", lock, *arguments]
    code, out, err = module.run_command(command, environ_update=ENVIRONMENT)
    if code != 0 and INTERRUPTED in err:
        finish = ["dpkg", "--configure", "--pending", "--force-confdef", "--force-confold"]
        module.run_command(finish, environ_update=ENVIRONMENT)
        code, out, err = module.run_command(command, environ_update=ENVIRONMENT)
    if code != 0:
        lines = [line for line in (err or out).splitlines() if line.strip()]
        module.fail_json(msg=f"apt-get {arguments[-1]}: " + "\n".join(lines[-8:]))


def main() -> None:
    """Compare what is wanted with what is installed, and install the rest."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "list", "elements": "str", "required": True},
            "lists_hours": {"type": "int", "default": 24},
            "lock_seconds": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    wanted = module.params["name"]
    _, listing, _ = module.run_command(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *wanted]
    )
    absent = missing(wanted, listing)
    if absent and not module.check_mode:
        if lists_are_stale(module.params["lists_hours"]):
            apt_get(module, "--option", "APT::Update::Error-Mode=any", "update")
            os.utime(LISTS / "partial")
        options = ["--yes", "--no-install-recommends", "--option", "Dpkg::Options::=--force-confdef"]
        apt_get(module, *options, "--option", "Dpkg::Options::=--force-confold", "install", *absent)
    after = "".join(f"install {name}\n" for name in absent)
    module.exit_json(changed=bool(absent), missing=absent, diff={"before": "", "after": after})


if __name__ == "__main__":
    main()
