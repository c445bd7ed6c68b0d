"""Loop devices: which image is attached, and a device node for the next free one.

Standard library only, since the lab's resident programs import it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

_LOOP_MAJOR = 7
_LOOP_CTL_GET_FREE = 0x4C82


def all_attached() -> list[tuple[str, str]]:
    """Return the loop devices in use (``loop3``) and the file behind each."""
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            name = backing.read_text().rstrip("\n").removesuffix(" (deleted)")
        except OSError:
            continue  # detached in between
        found.append((backing.parts[-3], name))
    return found


def backing_file(device: int) -> str | None:
    """Return the file behind a device number (``st_dev``), or None when that is no loop device."""
    path = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/loop/backing_file")
    try:
        return path.read_text().rstrip("\n").removesuffix(" (deleted)")
    except OSError:
        return None


def attached(image: Path) -> list[str]:
    """Return the loop devices that hold ``image``."""
    return [device for device, name in all_attached() if name == str(image)]


def wait_detached(image: Path, timeout: float) -> bool:
    """Wait until no loop device holds ``image``: the kernel lets go of it shortly after the last process ended."""
    end = time.monotonic() + timeout
    while attached(image):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def ensure_free_node() -> str:
    """Return the next free loop device, and make its node where /dev is not the kernel's own (in a container).

    Raises OSError when there are no loop devices here, or the node may not be made.
    """
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
    finally:
        os.close(control)
    node = Path(f"/dev/loop{number}")
    with contextlib.suppress(FileExistsError):
        os.mknod(node, 0o660 | stat.S_IFBLK, os.makedev(_LOOP_MAJOR, number))
    return str(node)
