"""System packages, through apt as the machine is configured."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bootstrap.console import Console, run
from bootstrap.errors import SetupError

# each with its reason
BASE = {
    "ca-certificates": "downloads are verified",
    "debian-archive-keyring": "signatures of the mirror that the base image comes from",
    "e2fsprogs": "disks of lab machines",
    "git": "the checkout, and versions of what is applied",
    "iproute2": "networks of the lab",
    "make": "the entry points",
    "mmdebstrap": "base image of lab machines",
    "mount": "loop devices of lab machines",
    "openssh-client": "the way to the hosts",
    "procps": "reading processes of lab machines",
    "python3-venv": "the virtual environment",
    "sudo": "lab commands called by a user",
    "systemd-container": "lab machines",
    "udhcpc": "DHCP client of lab stations",
    "util-linux": "namespaces of the lab",
}
TESTS = {
    "chromium": "the browser of end-to-end tests",
    "fonts-noto-core": "Vietnamese letters in that browser",
    "libatomic1": "the driver of that browser",
    "nftables": "stations that answer on every port",
    "nmap": "each zone is scanned and compared with the Site",
    "wireguard-go": "a technician's computer that comes by the VPN",
    "wireguard-tools": "as wireguard-go",
}
RADIO = {
    "qemu-system-x86": "the small machine with simulated radios",
    "squashfs-tools": "its root file system",
}


def missing(names: Sequence[str]) -> list[str]:
    """Return those of the packages that are not installed completely."""
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,  # it fails when a package is unknown, and prints the others all the same
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def as_root(argv: Sequence[str]) -> list[str]:
    """Return the command line that runs ``argv`` as root.

    Raises:
        SetupError: the user is not root, and there is no sudo.
    """
    if os.geteuid() == 0:
        return list(argv)
    if shutil.which("sudo"):
        return ["sudo", *argv]
    line = " ".join(argv)
    raise SetupError(
        vi=f"cần quyền root: chạy lại với root, hoặc cài sudo; lệnh còn thiếu: {line}",
        en=f"root is needed: run this again as root, or install sudo; the command wanted: {line}",
    )


def ensure_packages(console: Console, *, log: Path, tests: bool, radio: bool = False) -> None:
    """Install the system packages that are missing."""
    console.step(vi="Gói hệ thống (apt)", en="System packages (apt)")
    if not shutil.which("dpkg-query"):
        raise SetupError(
            vi="máy này không phải Debian: cần dpkg và apt", en="this is not a Debian machine: dpkg and apt are needed"
        )
    wanted = missing([*BASE, *(TESTS if tests else {}), *(RADIO if radio else {})])
    if not wanted:
        console.done(vi="đã có đủ", en="all there")
        return
    names = " ".join(wanted)
    console.say(vi=f"  cài: {names}", en=f"  installing: {names}")
    if os.geteuid() != 0:
        subprocess.run(as_root(["true"]), check=False)  # asks for the password now, not behind a heartbeat
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "DPkg::Lock::Timeout=300"]
    # a set-up that was cut may have left packages half configured
    run(as_root(["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--configure", "-a"]), console=console, log=log)
    run(as_root([*apt, "update"]), console=console, log=log)
    run(as_root([*apt, "install", "--no-install-recommends", *wanted]), console=console, log=log)
    if left := missing(wanted):
        raise SetupError(
            vi=f"apt không cài được: {' '.join(left)} (nhật ký: {log})",
            en=f"apt did not install: {' '.join(left)} (log: {log})",
        )
    console.done(vi="đã cài xong", en="installed")
