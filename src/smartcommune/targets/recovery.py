"""Putting the engine's leftovers right, under the commune's own lock, so that a killed run can simply be repeated.

Whoever holds the commune's lock knows that no engine works on the stack: a lock file of the engine is stale, and a
pending operation was cut. Creating is idempotent, so what was pending is forgotten and done again.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pulumi.automation import Stack

    from smartcommune.targets.layout import Layout
    from smartcommune.targets.state import State

HISTORY_KEPT = 20  # files; the engine writes two an operation


def remove_stale_locks(layout: Layout) -> None:
    """Remove lock files that an engine left when it was killed."""
    for lock in layout.engine_locks.glob("*.json"):
        lock.unlink(missing_ok=True)


def clear_pending(stack: Stack, state: State) -> bool:
    """Forget operations that were cut; return whether there were any."""
    if not state.pending:
        return False
    stack.refresh(clear_pending_creates=True)
    return True


def prune(layout: Layout) -> None:
    """Keep the newest files of history and backups, and none of the engine's logs."""
    for folder in (layout.history, layout.backups):
        files = sorted(_files(folder), key=lambda path: path.stat().st_mtime)
        for path in files[:-HISTORY_KEPT]:
            path.unlink(missing_ok=True)
    shutil.rmtree(layout.home / "logs", ignore_errors=True)


def forget_stack(layout: Layout) -> None:
    """Remove every file of a stack whose resources are all gone: its last copies still hold encrypted secrets."""
    for path in _files(layout.state_file.parent):
        if path.name.startswith(f"{layout.stack}.json"):
            path.unlink(missing_ok=True)
    for folder in (layout.history, layout.backups, layout.engine_locks, layout.work, layout.home / "workspaces"):
        shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
