#!/usr/bin/python
"""Ansible module: make the kernel's nftables rules equal to a file, without locking the administrator out."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nft_ruleset
short_description: Load an nftables file when the running rules differ from it
description:
  - Loads O(src) into an empty network namespace, where it does no harm, and compares what the kernel made of it with
    the running table, rule by rule. A rule dropped or added by hand is so seen, in check mode too.
  - A differing table is replaced in one transaction. Before that a timer is armed that puts the old table back after
    O(revert_after) seconds, unless a task with O(confirm=true), run over a new connection, disarms it.
  - With O(exclusive=true) a table that the file does not make is drift too, and goes in the same transaction; the timer
    does not bring it back.
options:
  src: {description: Ruleset file; it must replace only its own table., type: path, required: true}
  table: {description: Family and name of the table., type: str, default: inet commune}
  exclusive: {description: Whether tables that the file does not make are deleted., type: bool, default: false}
  keep:
    description: Family and name of tables that others load, which O(exclusive=true) leaves alone.
    type: list
    elements: str
    default: []
  revert_after: {description: Seconds until an unconfirmed change is undone., type: int, default: 60}
  confirm: {description: Disarm the timer of a change that proved good; compare nothing., type: bool, default: false}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Load the firewall
  nft_ruleset:
    src: /etc/nftables.conf
    exclusive: true
"""

RETURN = r"""
pending: {description: Whether a change waits for its confirmation., type: bool, returned: always}
"""

import os
from collections.abc import Collection
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

UNIT = "commune-firewall-revert"
PREVIOUS = "/run/commune-firewall-previous.nft"


def rules(listing: str) -> list[str]:
    """Return the lines of ``nft --stateless list table`` that carry meaning."""
    return [line.rstrip() for line in listing.splitlines() if line.strip()]


def tables(listing: str) -> dict[str, str]:
    """Return the listing of each table by its family and name, from ``nft list ruleset``."""
    parts = f"\n{listing}".split("\ntable ")[1:]
    return {part.partition(" {\n")[0]: f"table {part}".partition("\n}")[0] + "\n}\n" for part in parts}


def undo_script(table: str, listing: str) -> str:
    """Return an nft script that puts ``listing`` (empty: no such table) back in one transaction."""
    return f"add table {table}\ndelete table {table}\n{listing}"


def concerned(listing: str, table: str, *, exclusive: bool, keep: Collection[str] = ()) -> dict[str, str]:
    """Return the tables of a ruleset that are to be compared."""
    found = sorted(tables(listing).items())
    return {name: text for name, text in found if name == table or (exclusive and name not in keep)}


def running(module: AnsibleModule) -> str:
    """Return the kernel's rules."""
    _, out, _ = module.run_command(["nft", "--stateless", "list", "ruleset"], check_rc=True)
    return out


def configured(module: AnsibleModule, src: str) -> str:
    """Return what the kernel makes of the file, seen in a network namespace of its own."""
    script = 'nft --file "$1" && exec nft --stateless list ruleset'
    _, out, _ = module.run_command(["unshare", "--net", "sh", "-c", script, "sh", src], check_rc=True)
    return out


def load(module: AnsibleModule, before: str, foreign: list[str]) -> None:
    """Arm the timer that undoes the change, then load the file and delete the ``foreign`` tables with it."""
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
    script = "".join(f"delete table {name}\n" for name in foreign) + f'include "{module.params["src"]}"\n'
    module.run_command(["nft", "--file", "-"], data=script, check_rc=True)


def main() -> None:
    """Compare, and load where the tables differ; or confirm a change made before."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "table": {"type": "str", "default": "inet commune"},
            "exclusive": {"type": "bool", "default": False},
            "keep": {"type": "list", "elements": "str", "default": []},
            "revert_after": {"type": "int", "default": 60},
            "confirm": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if module.params["confirm"]:
        if not module.check_mode:
            module.run_command(["systemctl", "stop", f"{UNIT}.timer"])
        module.exit_json(changed=False, pending=False)
    src, table, exclusive = module.params["src"], module.params["table"], module.params["exclusive"]
    keep = module.params["keep"]
    now = concerned(running(module), table, exclusive=exclusive, keep=keep) if module.get_bin_path("nft") else {}
    then = concerned(configured(module, src), table, exclusive=exclusive) if Path(src).exists() else {}
    before, after = "".join(now.values()), "".join(then.values())
    changed = rules(before) != rules(after)
    if changed and not module.check_mode:
        load(module, now.get(table, ""), [name for name in now if name not in then])
    diff = {"before_header": "running", "after_header": src, "before": before, "after": after}
    module.exit_json(changed=changed, pending=changed and not module.check_mode, diff=diff)


if __name__ == "__main__":
    main()
