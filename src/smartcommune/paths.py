"""Where the toolkit finds its own files, keeps its state, and caches what it downloaded."""

from __future__ import annotations

import functools
import os
import pwd
from pathlib import Path


@functools.cache
def checkout() -> Path:
    """Return the root of the checkout (the folder that holds ``roles/`` and ``commune_profiles/``)."""
    return Path(__file__).resolve().parents[2]


def state() -> Path:
    """Return the folder of the toolkit's state: ``$SMARTCOMMUNE_STATE``, else ``.state`` in the checkout."""
    return Path(os.environ.get("SMARTCOMMUNE_STATE") or checkout() / ".state")


def cache() -> Path:
    """Return the download cache: ``$SMARTCOMMUNE_CACHE``, else ``smartcommune`` in the user's cache folder.

    Under ``sudo`` this is the cache of the user who called it, so that both see one cache.
    """
    if override := os.environ.get("SMARTCOMMUNE_CACHE"):
        return Path(override)
    if user := os.environ.get("SUDO_USER"):
        return Path(pwd.getpwnam(user).pw_dir) / ".cache" / "smartcommune"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "smartcommune"


def province() -> Path:
    """Return the file of what a province shares: ``$SMARTCOMMUNE_PROVINCE``, else ``inventory/province.yml``."""
    return Path(os.environ.get("SMARTCOMMUNE_PROVINCE") or checkout() / "inventory" / "province.yml")


def deployment(profile: str, target: str) -> Path:
    """Return the folder of one commune on one target: lock, ssh configuration, timings, runs, report."""
    return state() / profile / target


def display(path: Path) -> str:
    """Return ``path`` as messages and the Site show it: relative to the checkout if it lies inside it."""
    try:
        return str(Path(os.path.abspath(path)).relative_to(checkout()))  # noqa: PTH100 (keep links)
    except ValueError:
        return str(path)
