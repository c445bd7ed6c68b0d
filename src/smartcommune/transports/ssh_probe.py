"""First and later contact with a machine that already stands: its host key, its operating system, the way to root.

One ``ssh`` does all. The host key is taken on the first contact and demanded ever after. The private key
stays in memory: ``ssh`` reads it from a file that has no name (memfd), through ``/proc``.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.errors import NotReachedError, SmartCommuneError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 10
TOTAL_SECONDS = 30
# what Ansible needs of a machine: Python, and sudo that asks nothing
_QUESTION = "cat /etc/os-release && sudo -n /usr/bin/python3 -c ''"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@dataclass(frozen=True, slots=True)
class Login:
    """Whom to reach, and how: ``private_key`` in OpenSSH's format, ``public_key`` as its authorized_keys line."""

    name: str
    address: str
    port: int
    user: str
    public_key: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What a contact showed: the host key (``ssh-ed25519 AAAA…``) and the system as /etc/os-release names it."""

    host_key: str
    os_id: str
    os_version: str
    os_name: str


class HostKeyChangedError(SmartCommuneError):
    """The machine shows another host key than the one pinned: perhaps reinstalled, perhaps an impostor."""


class LoginRefusedError(NotReachedError):
    """The machine answers, but does not let the toolkit in, or not far enough; ``todo`` says how to prepare it."""


def probe(login: Login, pinned: str | None) -> MachineFacts:
    """Log in once and return what the machine is; ``pinned`` None takes the host key that it shows.

    Raises HostKeyChangedError or NotReachedError; among these is LoginRefusedError.
    """
    with tempfile.TemporaryDirectory(prefix="smartcommune-") as folder, _unnamed_file(login.private_key) as key:
        known_hosts = Path(folder) / "known_hosts"
        known_hosts.write_text(f"{login.name} {pinned}\n" if pinned else "")
        argv = _argv(login, key, known_hosts, strict="yes" if pinned else "accept-new")
        try:
            result = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=TOTAL_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise not_reached(login.name, login.address, login.port, f"no answer within {TOTAL_SECONDS} s") from error
        if result.returncode != 0:
            raise _not_prepared(login, result.stderr) if "ID=" in result.stdout else _explain(login, result.stderr)
        host_key = " ".join(known_hosts.read_text().split()[1:3])
    release = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
    value = {name: text.strip().strip('"') for name, text in release.items()}
    return MachineFacts(host_key, value.get("ID", ""), value.get("VERSION_ID", ""), value.get("PRETTY_NAME", ""))


def _argv(login: Login, key: Path, known_hosts: Path, *, strict: str) -> list[str]:
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "GlobalKnownHostsFile": "none",
        "HashKnownHosts": "no",
        "HostKeyAlias": login.name,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": str(key),
        "LogLevel": "ERROR",
        "PreferredAuthentications": "publickey",
        "StrictHostKeyChecking": strict,
        "UpdateHostKeys": "no",
        "UserKnownHostsFile": str(known_hosts),
    }
    arguments = [item for name, value in options.items() for item in ("-o", f"{name}={value}")]
    target = f"{login.user}@{login.address}"
    return ["ssh", "-F", "none", *arguments, "-p", str(login.port), target, _QUESTION]


@contextmanager
def _unnamed_file(text: str) -> Iterator[Path]:
    """Yield a path to ``text`` that exists only while this process holds it open."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, text.encode())
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _explain(login: Login, stderr: str) -> SmartCommuneError:
    """Return the error that ssh's message stands for (OpenSSH does not translate its messages)."""
    if "HOST IDENTIFICATION HAS CHANGED" in stderr or "Host key verification failed" in stderr:
        return _host_key_changed(login, stderr)
    if "Permission denied" in stderr:
        return LoginRefusedError(
            Text(
                vi=f"{login.name} ({login.address}:{login.port}) không cho {login.user} đăng nhập",
                en=f"{login.name} ({login.address}:{login.port}) does not let {login.user} log in",
            ),
            todo=_preparation(login),
        )
    return not_reached(
        login.name,
        login.address,
        login.port,
        stderr.strip().splitlines()[-1] if stderr.strip() else "ssh ended without a message",
    )


def _not_prepared(login: Login, stderr: str) -> LoginRefusedError:
    detail = stderr.strip().splitlines()[-1] if stderr.strip() else "sudo failed"
    return LoginRefusedError(
        Text(
            vi=f"{login.user} trên {login.name} ({login.address}:{login.port}) không chạy được sudo, Python: {detail}",
            en=f"{login.user} on {login.name} ({login.address}:{login.port}) cannot use sudo and Python: {detail}",
        ),
        todo=_preparation(login),
    )


def _preparation(login: Login) -> Text:
    """Return what to run on a machine so that the toolkit gets in; the same lines for all machines with this user."""
    home = f"~{login.user}"
    lines = (
        "apt-get install --yes openssh-server sudo python3",
        f"id {login.user} || useradd --create-home --shell /bin/bash --password '*' {login.user}",
        f"install -d -m 700 -o {login.user} {home}/.ssh",
        f"echo '{login.public_key}' >> {home}/.ssh/authorized_keys",
        f"chown {login.user} {home}/.ssh/authorized_keys",
        f"echo '{login.user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{login.user}",
    )
    block = "".join(f"\n      {line}" for line in lines)
    return Text(
        vi=f"trên máy đó, bằng root, chạy các dòng sau một lần, rồi chạy lại cùng lệnh:{block}",
        en=f"on that machine, as root, run these lines once, then run the same command again:{block}",
    )


def fingerprint(host_key: str) -> str:
    """Return a host key's fingerprint, as ``ssh-keygen -l`` shows it."""
    digest = hashlib.sha256(base64.b64decode(host_key.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def not_reached(name: str, address: str, port: int, detail: str) -> NotReachedError:
    """Return the error for a host or device that does not answer at its address."""
    return NotReachedError(
        Text(
            vi=f"không kết nối được {name} ({address}:{port}): {detail}",
            en=f"{name} ({address}:{port}) was not reached: {detail}",
        ),
        todo=Text(
            vi="kiểm tra nguồn điện, mạng và địa chỉ trong hồ sơ rồi chạy lại",
            en="check power, network and the address in the profile, then run the same command again",
        ),
    )


def _host_key_changed(login: Login, stderr: str) -> HostKeyChangedError:
    found = _FINGERPRINT.search(stderr)
    shown = found[0] if found else "?"
    return HostKeyChangedError(
        Text(
            vi=f"khóa máy chủ của {login.name} ({login.address}) đã thay đổi: nay là {shown}",
            en=f"the host key of {login.name} ({login.address}) has changed: it is now {shown}",
        ),
        todo=Text(
            vi=(
                "nếu máy được cài lại: chạy `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` trên màn hình của chính "
                f"máy đó để so, rồi chạy lại với --accept-host-key {login.name}; nếu không, có kẻ mạo danh: dừng lại"
            ),
            en=(
                "if the machine was reinstalled, compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on "
                f"its own console, then run again with --accept-host-key {login.name}; if not, it is an impostor: stop"
            ),
        ),
    )
