#!/usr/bin/python
"""Ansible module: take files that the design does not have out of the way, into an archive that only root reads."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: foreign_files
short_description: Move files that are not the design's into an archive
description:
  - Looks at O(paths) and moves what is not among O(keep) to O(archive), under a folder named by the time and with its
    whole path below that, so that nothing is lost and everything can be put back. Owner and mode stay.
  - With O(proof) the move is tried by a command; where it fails, everything is put back and the task fails.
options:
  paths: {description: Files by path or by pattern of names., type: list, elements: str, required: true}
  keep: {description: Paths that stay., type: list, elements: path, default: []}
  archive:
    description: Folder of what was moved, made for root alone.
    type: path
    default: /var/backups/commune/removed
  proof: {description: Command that has to succeed without the files., type: list, elements: str, default: []}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Let nobody else become root
  foreign_files:
    paths: [/etc/sudoers.d/*]
    keep: [/etc/sudoers.d/commune, /etc/sudoers.d/README]
    proof: [runuser, -u, commune, --, sudo, --non-interactive, "true"]
"""

RETURN = r"""
moved: {description: Where each file went, or would go, by its path., type: dict, returned: always}
removes: {description: "Whether something goes, which a plan counts apart.", type: bool, returned: always}
"""

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

STAMP = "%Y%m%dT%H%M%SZ"


def foreign(paths: list[str], keep: list[str]) -> list[Path]:
    """Return what stands at ``paths`` and is not among ``keep``."""
    found = {match for path in map(Path, paths) for match in path.parent.glob(path.name)}
    return sorted(found - set(map(Path, keep)))


def move(place: Path, to: Path) -> None:
    """Move a file or folder with its owners and modes, also to another file system, and put it on the disk."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.rename(to)
    except OSError:
        copy(place, to)
        remove(place)
    os.sync()


def copy(place: Path, to: Path) -> None:
    """Copy a file, link or folder with all that belongs to it."""
    if place.is_dir() and not place.is_symlink():
        shutil.copytree(place, to, symlinks=True)
    else:
        shutil.copy2(place, to, follow_symlinks=False)
    for each in [place, *(place.rglob("*") if place.is_dir() and not place.is_symlink() else ())]:
        held = each.lstat()
        os.chown(to / each.relative_to(place), held.st_uid, held.st_gid, follow_symlinks=False)


def remove(place: Path) -> None:
    """Remove a file, link or folder."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()


def main() -> None:
    """Look, move, and prove that it did no harm."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "str", "required": True},
            "keep": {"type": "list", "elements": "path", "default": []},
            "archive": {"type": "path", "default": "/var/backups/commune/removed"},
            "proof": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    archive = Path(module.params["archive"])
    folder = archive / datetime.now(UTC).strftime(STAMP)
    moves = {path: folder / path.relative_to("/") for path in foreign(module.params["paths"], module.params["keep"])}
    if moves and not module.check_mode:
        for each in (archive.parent, archive, folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        archive.chmod(0o700)
        for path, to in moves.items():
            move(path, to)
        if proof := module.params["proof"]:
            code, out, err = module.run_command(proof)
            if code != 0:
                files, command = ", ".join(map(str, moves)), " ".join(proof)
                for path, to in moves.items():
                    move(to, path)
                with contextlib.suppress(OSError):
                    shutil.rmtree(folder)
                module.fail_json(msg=f"without {files}: {command} fails\n{out}{err}".strip())
    before = "".join(f"{path}: not the design's, moves to {archive}\n" for path in moves)
    module.exit_json(
        changed=bool(moves),
        removes=bool(moves),
        moved={str(path): str(to) for path, to in moves.items()},
        diff={"before": before, "after": ""},
    )


if __name__ == "__main__":
    main()
