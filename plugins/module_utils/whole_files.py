"""Whole files of root: how one differs from what is wanted, putting it in place, and keeping what it was."""

from __future__ import annotations

import contextlib
import grp
import os
import shlex
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OPTIONS = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "mode": {"type": "str", "default": "0644"},
    "group": {"type": "str", "default": "root"},
    "validate": {"type": "str"},
}


def sync_folder(folder: Path) -> None:
    """Have the entries of a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(path: Path, content: bytes, mode: int, group: int) -> None:
    """Put a file in place in one step, on the disk, with the folders above it."""
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@dataclass(frozen=True)
class WholeFile:
    """A file as it is wanted; ``content`` None: none. ``group`` is a number, ``validate`` a command with ``%s``."""

    path: Path
    content: str | None
    mode: int
    group: int
    validate: str | None = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> WholeFile:
        """Return the file of a module's options; raises KeyError for an unknown group, ValueError for a mode."""
        path = Path(os.path.normpath(options["path"]))
        group = grp.getgrnam(options["group"]).gr_gid
        return cls(path, options["content"], int(options["mode"], 8), group, options["validate"])

    def differs(self) -> bool:
        """Return whether there is not our own regular file with this content, mode and group."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return self.content is not None
        if self.content is None:
            return True
        regular = stat.S_ISREG(found.st_mode) and (found.st_uid, found.st_gid) == (os.geteuid(), self.group)
        same_mode = stat.S_IMODE(found.st_mode) == self.mode
        return not regular or not same_mode or self.path.read_bytes() != self.content.encode()

    def diff(self) -> dict[str, str]:
        """Return what is there and what is wanted, for Ansible."""
        before = self.path.read_text(encoding="utf-8", errors="replace") if self.path.is_file() else ""
        header = str(self.path)
        return {"before_header": header, "after_header": header, "before": before, "after": self.content or ""}

    def write(self) -> None:
        """Make it so."""
        if self.content is not None:
            put(self.path, self.content.encode(), self.mode, self.group)
            return
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
            sync_folder(self.path.parent)

    def fault(self, module: AnsibleModule) -> str:
        """Return what the file's own program says against a draft of it; empty when nothing, or where it is absent."""
        command = shlex.split(self.validate or "")
        if self.content is None or not command or module.get_bin_path(command[0]) is None:
            return ""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as draft:
            draft.write(self.content)
            draft.flush()
            code, out, err = module.run_command([part.replace("%s", draft.name) for part in command])
        words = err.strip() or out.strip() or f"status {code}"
        return f"{' '.join(command[:3])}: {words}" if code != 0 else ""

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        """Keep what is there now as ``name`` in ``folder``, on the disk; return how to put it back (see undo.py)."""
        kept: dict[str, Any] = {"path": str(self.path), "saved": None, "link": None, "mode": 0, "uid": 0, "gid": 0}
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return kept
        if stat.S_ISLNK(found.st_mode):
            return kept | {"link": os.readlink(self.path)}  # noqa: PTH115 (as it is written)
        put(folder / name, self.path.read_bytes(), 0o600, -1)
        return kept | {"saved": name, "mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}
