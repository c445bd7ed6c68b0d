#!/usr/bin/python
"""Ansible module: keep many small text files that root owns, in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: text_files
short_description: Keep many small text files, with the folders they stand in
description:
  - Writes each file whose content or mode differs, atomically, and makes folders that are missing. One task for a dozen
    drop-in files costs one round trip and one start of Python where a loop over C(ansible.builtin.template) costs
    three of each for every file; on a link with 60 ms that is seconds a host.
  - For files that no program can check before they are in place; where one can, use C(ansible.builtin.template) with
    its C(validate).
options:
  files: {description: "Content by absolute path, usually a lookup of a template.", type: dict, required: true}
  file_mode: {description: Mode of the files as an octal string., type: str, default: "0644"}
  group: {description: Name of the group that the files belong to., type: str, default: root}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Write the drop-in files
  text_files:
    files:
      /etc/hosts: "{{ lookup('ansible.builtin.template', 'etc/hosts.j2') }}"
"""

RETURN = r"""
written: {description: Paths that were, or would be, written., type: list, elements: str, returned: always}
"""

import grp
import os
import stat
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def differs(path: Path, content: str, mode: int, group: int) -> bool:
    """Return whether ``path`` is not our own regular file with this content, mode and group (its number)."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    regular = stat.S_ISREG(found.st_mode) and (found.st_uid, found.st_gid) == (os.geteuid(), group)
    return not regular or stat.S_IMODE(found.st_mode) != mode or path.read_bytes() != content.encode()


def current(path: Path) -> str:
    """Return what stands in ``path`` now, as text for a diff; empty when there is nothing."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def write(path: Path, content: str, mode: int, group: int) -> None:
    """Put the file in place in one step, on the disk, with the folders above it."""
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def main() -> None:
    """Write what differs."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "required": True},
            "file_mode": {"type": "str", "default": "0644"},
            "group": {"type": "str", "default": "root"},
        },
        supports_check_mode=True,
    )
    mode = int(module.params["file_mode"], 8)
    wanted = {Path(path): str(content) for path, content in module.params["files"].items()}
    if relative := [str(path) for path in wanted if not path.is_absolute()]:
        module.fail_json(msg=f"not an absolute path: {', '.join(relative)}")
    try:
        group = grp.getgrnam(module.params["group"]).gr_gid
    except KeyError:
        module.fail_json(msg=f"there is no group {module.params['group']}")
    changed = {path: content for path, content in wanted.items() if differs(path, content, mode, group)}
    diff = [
        {"before_header": str(path), "after_header": str(path), "before": current(path), "after": content}
        for path, content in changed.items()
    ]
    if not module.check_mode:
        for path, content in changed.items():
            write(path, content, mode, group)
    module.exit_json(changed=bool(changed), written=[str(path) for path in changed], diff=diff)


if __name__ == "__main__":
    main()
