"""Files that a reader sees as they were or as they are wanted, never a part: written beside their place, then moved."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, content: str | bytes, *, mode: int | None = None, on_disk: bool = False) -> None:
    """Put a file in place with ``content`` (text as UTF-8), and with ``mode`` where one is given, whatever the umask.

    ``on_disk``: it outlives a power cut from then on. Raises OSError; what stood there is then still there.
    """
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{threading.get_native_id()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            if on_disk:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
