"""What repository tests look at: the files that git knows or would add."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from smartcommune import paths

CHECKOUT = paths.checkout()


@cache
def tracked() -> tuple[Path, ...]:
    """Return the checkout's files, ignored ones left out."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={CHECKOUT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    every = (CHECKOUT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in every if path.is_file() and not path.is_symlink())


def under(folder: str, pattern: str = "*") -> list[Path]:
    """Return the checkout's files under a folder whose name matches."""
    root = CHECKOUT / folder
    return [path for path in tracked() if path.is_relative_to(root) and path.match(pattern)]


def roles() -> list[Path]:
    """Return the folders of all roles."""
    inside = (path.relative_to(CHECKOUT).parts for path in under("roles"))
    return sorted({CHECKOUT / "roles" / parts[1] for parts in inside if len(parts) > 2})


def name(path: Path) -> str:
    """Return a path as tests name it: from the checkout on."""
    return str(path.relative_to(CHECKOUT))
