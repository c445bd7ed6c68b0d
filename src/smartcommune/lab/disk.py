"""A machine's disk: a sparse ext4 image that can be filled, copied, and cut from its power."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from smartcommune.lab.commands import run
from smartcommune.lab.loop import backing_file

_EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32), linux/ext4.h
_SHUTDOWN_NO_LOG_FLUSH = 2
_FICLONE = 0x40049409
_CHUNK = 64 << 20


def create_image(image: Path, size: int, content: Path) -> None:
    """Make a sparse image of ``size`` bytes with an ext4 that holds what ``content`` holds, owners and modes included.

    The image appears whole or not at all.
    """
    partial = image.with_name(f".{image.name}.partial")
    partial.unlink(missing_ok=True)
    with partial.open("wb") as file:
        file.truncate(size)
    # The image reads as zeroes: inode tables and journal need no writing. 64 MiB of journal is plenty for one machine.
    extended = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
    layout = ["-E", extended, "-J", "size=64", "-m", "0", "-i", "32768", "-d", str(content)]
    run(["mkfs.ext4", "-q", "-F", *layout, str(partial)])
    partial.replace(image)


def used(image: Path) -> int:
    """Return the bytes that a sparse image takes up."""
    return image.stat().st_blocks * 512


def cut_power(mounted: Path, image: Path) -> bool:
    """Make the ext4 of ``image``, mounted at ``mounted``, stop at this instant: what was not fsynced is lost.

    The kernel neither writes back nor flushes the journal; every later access fails; the next mount replays the
    journal, as after a power cut. Returns False, and does nothing, when ``image`` is not what is mounted there: a
    machine that has only begun to start has written nothing yet, and the file system below is the computer's own.
    """
    descriptor = os.open(mounted, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if backing_file(os.fstat(descriptor).st_dev) != str(image):
            return False
        fcntl.ioctl(descriptor, _EXT4_IOC_SHUTDOWN, _SHUTDOWN_NO_LOG_FLUSH.to_bytes(4, "little"))
    finally:
        os.close(descriptor)
    return True


def sync_filesystem(mounted: Path) -> None:
    """Write all that the file system at ``mounted`` still has in memory."""
    # os.sync would wait for every file system of the computer; fsync of a directory commits only its journal.
    run(["sync", "--file-system", str(mounted)], timeout=300)


def copy_image(source: Path, target: Path) -> None:
    """Copy a sparse image, holes kept; by reference where the file system can. The copy appears whole or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    with source.open("rb") as reader, partial.open("wb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError:
            _copy_extents(reader.fileno(), writer.fileno())
    partial.replace(target)


def _copy_extents(source: int, target: int) -> None:
    size = os.fstat(source).st_size
    os.truncate(target, size)
    offset = 0
    while offset < size:
        try:
            start = os.lseek(source, offset, os.SEEK_DATA)
        except OSError:
            return  # ENXIO: only a hole is left
        end = os.lseek(source, start, os.SEEK_HOLE)
        _copy_range(source, target, start, end)
        offset = end


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        copied = 0
        with contextlib.suppress(OSError):  # across file systems on older kernels
            copied = os.copy_file_range(source, target, min(_CHUNK, end - start), start, start)
        if not copied:
            copied = os.pwrite(target, os.pread(source, min(1 << 20, end - start), start), start)
        start += copied
