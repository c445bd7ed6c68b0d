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
  - Check mode returns the same paths, which the module M(unit_state) needs to foresee what the files will call for.
options:
  files: {description: "Content by absolute path, usually a lookup of a template.", type: dict, required: true}
  file_mode: {description: Mode of the files as an octal string., type: str, default: "0644"}
  group: {description: Name of the group that the files belong to., type: str, default: root}
  validate:
    description: Command that checks a draft of each file before any is written; its path replaces C(%s).
    type: str
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
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.whole_files import WholeFile

NO_GROUP = -1


def main() -> None:
    """Write what differs."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "required": True},
            "file_mode": {"type": "str", "default": "0644"},
            "group": {"type": "str", "default": "root"},
            "validate": {"type": "str"},
        },
        supports_check_mode=True,
    )
    mode, validate = int(module.params["file_mode"], 8), module.params["validate"]
    wanted = {Path(path): str(content) for path, content in module.params["files"].items()}
    if relative := [str(path) for path in wanted if not path.is_absolute()]:
        module.fail_json(msg=f"not an absolute path: {', '.join(relative)}")
    try:
        group = grp.getgrnam(module.params["group"]).gr_gid
    except KeyError:
        if not module.check_mode:
            module.fail_json(msg=f"there is no group {module.params['group']}")
        group = NO_GROUP  # a package that the run would install makes it
    files = [WholeFile(path, content, mode, group, validate) for path, content in wanted.items()]
    changed = [file for file in files if file.differs()]
    diff = [file.diff() for file in changed]
    if not module.check_mode:
        if faults := [f"{file.path}: {words}" for file in changed if (words := file.fault(module))]:
            module.fail_json(msg="\n".join(faults))
        for file in changed:
            file.write()
    module.exit_json(changed=bool(changed), written=[str(file.path) for file in changed], diff=diff)


if __name__ == "__main__":
    main()
