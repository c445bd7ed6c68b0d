"""Linux namespaces for one thread or process, by system calls: Python 3.11 has none of them.

Standard library only, since the lab's resident programs import it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8

# The numbers of the newer system calls are the same on every architecture.
_SYS_FSOPEN, _SYS_FSCONFIG, _SYS_FSMOUNT = 430, 431, 432
_FSCONFIG_CMD_CREATE = 6

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def setns(descriptor: int, kind: int) -> None:
    """Move the calling thread to the namespace behind ``descriptor``; ``kind`` is one of ``CLONE_NEW*``."""
    _check(_libc.setns(descriptor, kind), "setns")


def unshare(flags: int) -> None:
    """Give the calling thread namespaces of its own (a PID namespace takes effect at the next fork)."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Call the kernel's mount: ``source`` appears at ``target``."""
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    _check(result, f"mount {kind} on {target}")


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel for a signal when the parent dies (PR_SET_PDEATHSIG)."""
    _check(_libc.prctl(1, ctypes.c_ulong(signal_number)), "prctl")


def enter(path: Path, kind: int) -> None:
    """Move the calling thread to the namespace at ``path`` for good."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(descriptor, kind)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def in_network(path: Path) -> Iterator[None]:
    """Run the body in the network namespace at ``path``. Only the calling thread moves; sockets made there stay."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(path, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(here, CLONE_NEWNET)
    finally:
        os.close(here)


def _write_at(folder: int, path: str, value: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def set_network_sysctl(path: Path, values: dict[str, str]) -> None:
    """Set sysctls (``net/ipv4/ip_forward``) of the network namespace at ``path``, and of no other.

    They are written through a procfs of our own that is mounted nowhere: in a container ``/proc/sys`` is read-only,
    although the namespace is ours.
    """
    filesystem = _check(_libc.syscall(_SYS_FSOPEN, b"proc", 1), "fsopen proc")
    try:
        _check(_libc.syscall(_SYS_FSCONFIG, filesystem, _FSCONFIG_CMD_CREATE, None, None, 0), "fsconfig proc")
        root = _check(_libc.syscall(_SYS_FSMOUNT, filesystem, 1, 0), "fsmount proc")
    finally:
        os.close(filesystem)
    try:
        with in_network(path):
            for key, value in values.items():
                # A kernel without IPv6 lacks the keys that would switch it off.
                with contextlib.suppress(FileNotFoundError):
                    _write_at(root, f"sys/{key}", value)
    finally:
        os.close(root)
