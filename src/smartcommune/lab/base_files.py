"""What turns a bare Debian into a machine of the lab: one account, sshd by key only, no unit without sense."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.lab.commands import run
from smartcommune.lab.mirrors import render_deb822
from smartcommune.lab.seed import ACCOUNT, ACCOUNT_ID

if TYPE_CHECKING:
    from smartcommune.lab.mirrors import Source

# Documentation that no service reads; Vietnamese and English messages stay.
DPKG_PATHS = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/vi/*",
    "path-include=/usr/share/locale/locale.alias",
)
FILES = {
    # Packages are unpacked without fsync; what services themselves write is as durable as they ask for.
    "etc/dpkg/dpkg.cfg.d/lab": "\n".join(("force-unsafe-io", *DPKG_PATHS)) + "\n",
    # The package proxy serves indices as they were when the network is away; signatures are checked all the same.
    "etc/apt/apt.conf.d/10lab": (
        'Acquire::Languages "none";\nAcquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n'
        'APT::Install-Recommends "false";\nAPT::Sandbox::Seccomp "false";\n'
    ),
    "etc/ssh/sshd_config.d/lab.conf": (
        "PermitRootLogin no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUseDNS no\n"
        "HostKey /etc/ssh/ssh_host_ed25519_key\n"
    ),
    # A banner then means that log-in works: before systemd-user-sessions, PAM turns everybody but root away.
    "usr/lib/systemd/system/ssh.service.d/lab.conf": "[Unit]\nAfter=systemd-user-sessions.service\n",
    f"etc/sudoers.d/{ACCOUNT}": f"{ACCOUNT} ALL=(ALL) NOPASSWD: ALL\n",
}
_MODES = {f"etc/sudoers.d/{ACCOUNT}": 0o440}
ENABLED = {
    "multi-user.target.wants/systemd-networkd.service": "/usr/lib/systemd/system/systemd-networkd.service",
    "sockets.target.wants/systemd-networkd.socket": "/usr/lib/systemd/system/systemd-networkd.socket",
}
# Units without sense where there is no hardware, console or kernel of one's own, or that start work by themselves.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "getty@tty1.service",
    "ldconfig.service",
    "sshd-keygen.service",
    "systemd-firstboot.service",
    "systemd-journal-catalog-update.service",
    "systemd-networkd-wait-online.service",
    "systemd-update-done.service",
)


def digest_of_files() -> str:
    """Return a digest of all that :func:`install` puts into an image."""
    return hashlib.sha256(repr((FILES, _MODES, ENABLED, MASKED, ACCOUNT, ACCOUNT_ID)).encode()).hexdigest()


def install(root: Path, sources: tuple[Source, ...]) -> None:
    """Turn the bare system in ``root`` into the base image."""
    for path, text in FILES.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(_MODES.get(path, 0o644))
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    for name, unit_file in ENABLED.items():
        (units / name).parent.mkdir(exist_ok=True)
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to(unit_file)
    # mmdebstrap leaves its own options, the address of a proxy that has ended among them
    for name in ("etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap"):
        (root / name).unlink(missing_ok=True)
    listed = root / "etc/apt/sources.list.d"
    shutil.rmtree(listed)
    listed.mkdir()
    (listed / "debian.sources").write_text(render_deb822(sources))
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # each machine gets a key of its own
    for name in ("etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    account = ["useradd", "--create-home", "--user-group", "--uid", str(ACCOUNT_ID), "--shell", "/bin/bash", ACCOUNT]
    run(["chroot", str(root), *account])
