"""What a machine is born with: name, address, host key, and who may log in, as files over the base image."""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

if TYPE_CHECKING:
    from pathlib import Path

    from smartcommune.lab.models import MachineSpec
    from smartcommune.site.models import Interface

ACCOUNT = "commune"
ACCOUNT_ID = 1000


@dataclass(frozen=True, slots=True)
class HostKey:
    """An ed25519 host key in OpenSSH's formats."""

    private: str
    public: str


def make_host_key() -> HostKey:
    """Return a new host key."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return HostKey(private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


def render_network(link: Interface, gateway: str) -> str:
    """Return the systemd-networkd file of one link; ``gateway`` is used on the link that it is a neighbour of.

    IPv6 is off: the Site has addresses of IPv4 only.
    """
    place = ipaddress.ip_interface(f"{link.address}/{link.prefix_length}")
    way = f"Gateway={gateway}\n" if ipaddress.ip_address(gateway) in place.network else ""
    return (
        f"[Match]\nName={link.name}\n\n"
        f"[Network]\nAddress={place}\n{way}"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\nLLDP=no\n"
    )


def render_hosts(spec: MachineSpec) -> str:
    """Return ``/etc/hosts``: the lab has no name service."""
    own = " ".join(dict.fromkeys(name for name in (spec.fqdn, spec.name) if name))
    lines = ["127.0.0.1 localhost", "::1 localhost", f"127.0.1.1 {own}"]
    lines += [f"{address} {' '.join(names)}" for address, names in spec.hosts]
    return "\n".join(lines) + "\n"


def write_seed(folder: Path, spec: MachineSpec, key: HostKey) -> None:
    """Fill ``folder`` with the upper and work folders of the machine's overlay."""
    up = folder / "up"
    (folder / "work").mkdir(mode=0o755)
    _write(up, "etc/hostname", f"{spec.name}\n")
    _write(up, "etc/hosts", render_hosts(spec))
    _write(up, "etc/machine-id", f"{secrets.token_hex(16)}\n", mode=0o444)
    for link in spec.links:
        _write(up, f"etc/systemd/network/10-lab-{link.name}.network", render_network(link, spec.gateway))
    if spec.forwards:
        # The machines behind a router are reached through it before any role is there.
        _write(up, "etc/sysctl.d/10-lab-forward.conf", "net.ipv4.ip_forward = 1\n")
    _write(up, "etc/ssh/ssh_host_ed25519_key", key.private, mode=0o600)
    _write(up, "etc/ssh/ssh_host_ed25519_key.pub", f"{key.public}\n")
    home = f"home/{ACCOUNT}"
    keys = "".join(f"{line}\n" for line in spec.authorized_keys)
    _write(up, f"{home}/.ssh/authorized_keys", keys, mode=0o600)
    for path, mode in ((home, 0o750), (f"{home}/.ssh", 0o700), (f"{home}/.ssh/authorized_keys", 0o600)):
        (up / path).chmod(mode)
        os.chown(up / path, ACCOUNT_ID, ACCOUNT_ID)


def _write(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    """Write a file below ``root``; folders get mode 0755 whatever the umask, since they cover the base image's."""
    target = root / path
    missing = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(0o755)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    target.chmod(mode)
