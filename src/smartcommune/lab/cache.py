"""Folders of the download cache, owned by the user who called sudo, so that both can use one cache."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from smartcommune import paths

if TYPE_CHECKING:
    from pathlib import Path


def ensure_cache_folder(name: str) -> Path:
    """Return a folder of the cache, made where it is missing; what had to be made belongs to the sudo-calling user."""
    folder = paths.cache() / name
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and "SUDO_UID" in os.environ:
        for path in missing:
            os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
    return folder
