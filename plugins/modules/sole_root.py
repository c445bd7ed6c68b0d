#!/usr/bin/python
"""Ansible module: let no account but root have the number 0; another one is locked and gets a number without power."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: sole_root
short_description: Keep root the only account with uid 0
description:
  - Every other account with uid 0 is root by another name, past sudo and its records. It is locked (password, expiry,
    shell) and gets a free uid of its own from the range of system accounts. Nothing is deleted; its files, which belong
    to uid 0, are root's.
  - Only C(/etc/passwd) is looked at; accounts of a directory service have no place on these machines.
options:
  spare: {description: Accounts that the task must not touch; it fails instead., type: list, elements: str, default: []}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Keep root alone
  sole_root:
    spare: [commune]
"""

RETURN = r"""
accounts: {description: Accounts that were, or would be, made powerless., type: list, elements: str, returned: always}
removes: {description: "Whether something goes, which a plan counts apart.", type: bool, returned: always}
"""

import fcntl
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

PASSWD = Path("/etc/passwd")
LOCK = Path("/etc/.pwd.lock")  # what lckpwdf(3) locks, and with it useradd, usermod, passwd, vipw
NO_SHELL = "/usr/sbin/nologin"
SYSTEM_UIDS = range(999, 99, -1)


def uids(passwd: str) -> list[tuple[str, int]]:
    """Return the accounts with their numbers, in the order of the file."""
    fields = [line.split(":") for line in passwd.splitlines()]
    return [(each[0], int(each[2])) for each in fields if len(each) == 7 and each[2].strip().isdigit()]


def other_roots(passwd: str) -> list[str]:
    """Return the names with uid 0, root apart."""
    return [name for name, uid in uids(passwd) if uid == 0 and name != "root"]


def powerless(passwd: str) -> str:
    """Return ``passwd`` with a free uid, a locked password and no shell for each other root; the rest is as it was."""
    lines, names = passwd.splitlines(keepends=True), other_roots(passwd)
    taken = {uid for _, uid in uids(passwd)}
    free = (uid for uid in SYSTEM_UIDS if uid not in taken)
    for place, line in enumerate(lines):
        fields = line.rstrip("\n").split(":")
        if fields[0] in names:
            password = fields[1] if fields[1].startswith(("x", "!", "*")) else f"!{fields[1]}"
            lines[place] = ":".join([fields[0], password, str(next(free)), *fields[3:6], NO_SHELL]) + "\n"
    return "".join(lines)


def load() -> str:
    """Return the accounts as they stand, whatever letters their descriptions have."""
    return PASSWD.read_text(encoding="utf-8", errors="surrogateescape")


def rewrite() -> None:
    """Take the other roots' number away in one step, while no other program writes accounts."""
    with LOCK.open("a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        draft = PASSWD.with_name("passwd.commune")
        with draft.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(powerless(load()))
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(PASSWD)


def main() -> None:
    """Find such accounts, lock them, and take their number away."""
    module = AnsibleModule(
        argument_spec={"spare": {"type": "list", "elements": "str", "default": []}}, supports_check_mode=True
    )
    found = other_roots(load())
    if spared := [name for name in found if name in module.params["spare"]]:
        module.fail_json(msg=f"{', '.join(spared)} has uid 0 and cannot be locked: the toolkit logs in with it")
    if found and not module.check_mode:
        for name in found:
            module.run_command(["usermod", "--lock", "--expiredate", "1", "--", name], check_rc=True)
        rewrite()
    before = "".join(f"{name}: a second root (uid 0), is locked and loses that number\n" for name in found)
    diff = {"before": before, "after": ""}
    module.exit_json(changed=bool(found), removes=bool(found), accounts=found, diff=diff)


if __name__ == "__main__":
    main()
