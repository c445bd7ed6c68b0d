"""The image of the small virtual machine with simulated radios: Debian's kernel, a squashfs root, a tiny initramfs.

It is made once from this computer's own mirror, and kept in the toolkit's cache by the digest of its recipe.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import stat
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from smartcommune.lab import base_image
from smartcommune.lab.base_image import SUITE, Recipe
from smartcommune.lab.cache import ensure_cache_folder
from smartcommune.lab.layout import locked
from smartcommune.lab.mirrors import find_mirrors
from smartcommune.lab.models import ignore_progress

PACKAGES = (
    "busybox-static",
    "ca-certificates",
    "dbus",
    "debian-archive-keyring",
    "freeradius",
    "hostapd",
    "initramfs-tools",
    "iproute2",
    "iputils-ping",
    "iw",
    "kmod",
    "linux-image-amd64",
    "openssh-server",
    "procps",
    "python3",
    "systemd",
    "systemd-sysv",
    "udev",
    "wireless-regdb",
    "wpasupplicant",
)
MODULES = (
    "drivers/block/virtio_blk",
    "fs/squashfs/squashfs",
    "fs/overlayfs/overlay",
    "net/core/failover",
    "drivers/net/net_failover",
    "drivers/net/virtio_net",
)
APPLETS = ("sh", "mount", "insmod", "mkdir", "switch_root")
LEFT_OUT = ("boot", "usr/share/doc", "var/cache/apt", "var/lib/apt/lists")
INIT = """\
#!/bin/sh
mount -t devtmpfs d /dev; mount -t proc p /proc; mount -t sysfs s /sys
for m in virtio_blk squashfs overlay failover net_failover virtio_net; do [ -f /mod/$m.ko ] && insmod /mod/$m.ko; done
mount -t squashfs -o ro /dev/vda /lower
mount -t tmpfs -o size=80% t /rw && mkdir /rw/u /rw/w
mount -t overlay -o lowerdir=/lower,upperdir=/rw/u,workdir=/rw/w o /new
mount -o move /dev /new/dev; mount -o move /proc /new/proc; mount -o move /sys /new/sys
exec switch_root /new /sbin/init
"""
FILES = {
    "etc/fstab": "",
    "etc/hostname": "radio\n",
    "etc/systemd/network/10-radio.network": (
        "[Match]\nDriver=virtio_net\n\n[Network]\nAddress=10.0.2.15/24\nLinkLocalAddressing=no\n"
    ),
    "etc/ssh/sshd_config.d/radio.conf": "PasswordAuthentication no\nUseDNS no\nPermitRootLogin prohibit-password\n",
}
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "freeradius.service",
    "fstrim.timer",
    "getty@tty1.service",
    "hostapd.service",
    "serial-getty@ttyS0.service",
    "systemd-networkd-wait-online.service",
    "wpa_supplicant.service",
)
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Image:
    """Where the parts of the image are; ``key`` is the SSH key of its root."""

    folder: Path

    @property
    def kernel(self) -> Path:
        """Debian's kernel."""
        return self.folder / "vmlinuz"

    @property
    def initramfs(self) -> Path:
        """What mounts the root."""
        return self.folder / "initramfs"

    @property
    def root(self) -> Path:
        """The root file system."""
        return self.folder / "root.sqfs"

    @property
    def key(self) -> Path:
        """The private SSH key."""
        return self.folder / "key"


def ensure_image() -> Image:
    """Return the image, made first when the cache has none (some minutes); it appears whole or not at all."""
    recipe = Recipe(SUITE, PACKAGES, find_mirrors())
    text = json.dumps([asdict(recipe), FILES, MASKED, MODULES, INIT, LEFT_OUT, _VERSION], sort_keys=True)
    folder = ensure_cache_folder("radio")
    image = folder / hashlib.sha256(text.encode()).hexdigest()[:12]
    with locked(folder / ".lock"):
        if not image.is_dir():
            for leftover in folder.glob("partial-*"):
                shutil.rmtree(leftover)
            partial = folder / f"partial-{image.name}"
            partial.mkdir(mode=0o700)
            _make(recipe, partial)
            os.sync()
            partial.rename(image)
    return Image(image)


def _make(recipe: Recipe, folder: Path) -> None:
    root = folder / "root"
    base_image._bootstrap(recipe, root, ignore_progress)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "radio", "-f", folder / "key"], check=True)
    for path, text in FILES.items():
        (root / path).write_text(text, encoding="utf-8")
    keys = root / "root" / ".ssh"
    keys.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(folder / "key.pub", keys / "authorized_keys")
    units = root / "etc" / "systemd" / "system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    wanted = units / "multi-user.target.wants" / "systemd-networkd.service"
    if not wanted.is_symlink():
        wanted.symlink_to("/usr/lib/systemd/system/systemd-networkd.service")
    (version,) = (path.name for path in (root / "usr/lib/modules").iterdir())
    shutil.copy(root / "boot" / f"vmlinuz-{version}", folder / "vmlinuz")
    (folder / "initramfs").write_bytes(_initramfs(root, version))
    options = ["-comp", "zstd", "-Xcompression-level", "3", "-noappend", "-quiet", "-no-progress"]
    subprocess.run(["mksquashfs", root, folder / "root.sqfs", *options, "-e", *LEFT_OUT], check=True)
    shutil.rmtree(root)


def _initramfs(root: Path, version: str) -> bytes:
    """Return the archive: busybox, the modules that the root needs, and what mounts it."""
    names = ["bin", "mod", "proc", "sys", "dev", "new", "lower", "rw"]
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in names]
    entries.append(("bin/busybox", stat.S_IFREG | 0o755, (root / "usr/bin/busybox").read_bytes()))
    entries += [(f"bin/{name}", stat.S_IFLNK | 0o777, b"busybox") for name in APPLETS]
    for module in MODULES:
        path = root / "usr/lib/modules" / version / "kernel" / f"{module}.ko.xz"
        if path.is_file():  # built into the kernel otherwise
            entries.append(
                (f"mod/{path.name.removesuffix('.xz')}", stat.S_IFREG | 0o644, lzma.decompress(path.read_bytes()))
            )
    entries.append(("init", stat.S_IFREG | 0o755, INIT.encode()))
    return b"".join(_entry(number, *entry) for number, entry in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1))


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    """Return one file of a «newc» archive."""
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
