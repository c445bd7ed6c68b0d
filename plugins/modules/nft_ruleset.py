#!/usr/bin/python
"""Ansible module: make the kernel's nftables table equal to a file, without locking the administrator out."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nft_ruleset
short_description: Load an nftables file when the running tables differ from it
description:
  - Loads O(src) into an empty network namespace, where it does no harm, and compares what the kernel made of it with
    the running table, rule by rule. A rule dropped or added by hand is so seen, in check mode too.
  - A differing table is replaced in one transaction. Before that a timer is armed that puts the old table back after
    O(revert_after) seconds, unless a task with O(confirm=true), run over a new connection, disarms it.
options:
  src: {description: Ruleset file; it must replace only its own table., type: path, required: true}
  table: {description: Family and name of the table., type: str, default: inet commune}
  revert_after: {description: Seconds until an unconfirmed change is undone., type: int, default: 60}
  confirm: {description: Disarm the timer of a change that proved good; compare nothing., type: bool, default: false}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Load the firewall
  nft_ruleset:
    src: /etc/nftables.conf
"""

RETURN = r"""
pending: {description: Whether a change waits for its confirmation., type: bool, returned: always}
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

UNIT = "commune-firewall-revert"
PREVIOUS = "/run/commune-firewall-previous.nft"


def rules(listing: str) -> list[str]:
    """Return the lines of ``nft --stateless list table`` that carry meaning."""
    return [line.rstrip() for line in listing.splitlines() if line.strip()]


def only_table(listing: str, table: str) -> str:
    """Return one table's part of ``nft list ruleset``; empty when the ruleset lacks it."""
    _, head, rest = f"\n{listing}".partition(f"\ntable {table} {{\n")
    return head.lstrip() + rest.partition("\n}\n")[0] + "\n}\n" if head else ""


def undo_script(table: str, listing: str) -> str:
    """Return an nft script that puts ``listing`` (empty: no such table) back in one transaction."""
    return f"add table {table}\ndelete table {table}\n{listing}"


def running(module: AnsibleModule, table: str) -> str:
    """Return the running table's listing; empty when there is none."""
    code, out, _ = module.run_command(["nft", "--stateless", "list", "table", *table.split()])
    return out if code == 0 else ""


def configured(module: AnsibleModule, src: str, table: str) -> str:
    """Return what the kernel makes of the file, seen in a network namespace of its own."""
    script = 'nft --file "$1" && exec nft --stateless list ruleset'
    _, out, _ = module.run_command(["unshare", "--net", "sh", "-c", script, "sh", src], check_rc=True)
    return only_table(out, table)


def load(module: AnsibleModule, before: str) -> None:
    """Arm the timer that undoes the change, then load the file."""
    table, seconds = module.params["table"], module.params["revert_after"]
    module.run_command(["systemctl", "stop", f"{UNIT}.timer"])
    descriptor = os.open(PREVIOUS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(undo_script(table, before))
    timer = [
        "systemd-run",
        "--quiet",
        "--collect",
        f"--unit={UNIT}",
        f"--on-active={seconds}",
        "--timer-property=AccuracySec=1",
    ]
    module.run_command([*timer, "/usr/sbin/nft", "--file", PREVIOUS], check_rc=True)
    module.run_command(["nft", "--file", module.params["src"]], check_rc=True)


def main() -> None:
    """Compare, and load where the tables differ; or confirm a change made before."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "table": {"type": "str", "default": "inet commune"},
            "revert_after": {"type": "int", "default": 60},
            "confirm": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if module.params["confirm"]:
        if not module.check_mode:
            module.run_command(["systemctl", "stop", f"{UNIT}.timer"])
        module.exit_json(changed=False, pending=False)
    src, table = module.params["src"], module.params["table"]
    before = running(module, table)
    after = configured(module, src, table) if Path(src).exists() else ""
    changed = rules(before) != rules(after)
    if changed and not module.check_mode:
        load(module, before)
    diff = {"before_header": "running", "after_header": src, "before": before, "after": after}
    module.exit_json(changed=changed, pending=changed and not module.check_mode, diff=diff)


if __name__ == "__main__":
    main()
