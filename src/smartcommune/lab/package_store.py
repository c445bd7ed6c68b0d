"""The package proxy's cache: one file an address, a block of JSON with the answer's headers before the body.

Works through the descriptor of its folder, so that a process without rights on the folders above can use it. Files
appear whole. Standard library only, since the package proxy imports it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNUSED_DAYS = 120
_HEAD = 4096  # bytes set aside for the line of JSON


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached answer: where its body begins in the file, how long it is, and the headers that matter."""

    name: str
    offset: int
    length: int
    etag: str | None
    last_modified: str | None
    content_type: str


class PackageStore:
    """The cache in the folder behind ``folder`` (a directory's descriptor)."""

    def __init__(self, folder: int) -> None:
        self._folder = folder

    @staticmethod
    def name_of(url: str) -> str:
        """Return the file name for an address."""
        return hashlib.sha256(url.encode()).hexdigest()

    def open(self, name: str, flags: int = os.O_RDONLY) -> BinaryIO:
        """Open one of the cache's files."""
        descriptor = os.open(name, flags | os.O_CLOEXEC, 0o644, dir_fd=self._folder)
        return os.fdopen(descriptor, "rb" if flags == os.O_RDONLY else "wb")

    def get(self, url: str) -> Entry | None:
        """Return the cached answer for an address."""
        name = self.name_of(url)
        try:
            with self.open(name) as file:
                line = file.read(_HEAD)
                size = os.fstat(file.fileno()).st_size
            head: dict[str, Any] = json.loads(line)
            if size - len(line) != head["length"]:
                return None  # this computer lost its power before the file was whole
        except (OSError, ValueError, KeyError):
            return None
        with contextlib.suppress(OSError):
            os.utime(name, dir_fd=self._folder)
        kind = head.get("content_type") or "application/octet-stream"
        return Entry(name, len(line), head["length"], head.get("etag"), head.get("last_modified"), kind)

    def put(self, url: str, headers: dict[str, str], body: Iterable[bytes], length: int | None) -> int:
        """Keep an answer and return the body's length. Raises OSError when the body ends before ``length``."""
        partial = f".new-{threading.get_native_id()}"
        try:
            with self.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
                file.seek(_HEAD)
                received = sum(file.write(block) for block in body)
                if length is not None and received != length:
                    raise OSError(f"{url}: {received} of {length} bytes")
                head = {
                    "url": url,
                    "length": received,
                    "etag": headers.get("etag"),
                    "last_modified": headers.get("last-modified"),
                    "content_type": headers.get("content-type"),
                }
                file.seek(0)
                file.write(json.dumps(head).encode().ljust(_HEAD - 1) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.rename(partial, self.name_of(url), src_dir_fd=self._folder, dst_dir_fd=self._folder)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=self._folder)
        return received

    def prune(self, days: float = _UNUSED_DAYS) -> int:
        """Remove what nobody asked for in ``days`` days, and what a killed proxy left half-written; return how many."""
        oldest = time.time() - days * 86400
        removed = 0
        for name in os.listdir(self._folder):  # noqa: PTH208 - by descriptor
            with contextlib.suppress(FileNotFoundError):
                modified = os.stat(name, dir_fd=self._folder).st_mtime
                if modified < oldest or (name.startswith(".") and modified < time.time() - 3600):
                    os.unlink(name, dir_fd=self._folder)
                    removed += 1
        return removed
