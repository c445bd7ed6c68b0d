"""How OpenSSH reaches the hosts of a Site: a configuration and known host keys, written where anybody may read them.

Host keys are checked strictly: they are known before the first log-in, from Pulumi's outputs. Neither file holds a
secret; the private key is in an agent (``transports.agent``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from smartcommune import paths
from smartcommune.text import Text
from smartcommune.transports import fdpass
from smartcommune.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_SOCKET = 108 - 1  # sun_path
_CONTROL_SUFFIX = 17  # OpenSSH binds "<path>.<16 random letters>" first


class Reachable(Protocol):
    """A host as Pulumi's outputs tell it; ``netns`` is set for machines inside a lab's namespace."""

    @property
    def name(self) -> str:
        """Host name, as in the Site."""

    @property
    def address(self) -> str:
        """IPv4 address or DNS name."""

    @property
    def port(self) -> int:
        """TCP port of sshd."""

    @property
    def user(self) -> str:
        """Account that logs in."""

    @property
    def host_key(self) -> str:
        """Public host key: type and base64."""

    @property
    def netns(self) -> str | None:
        """Network namespace the host lives in, None when it is reached from here."""

    @property
    def source_address(self) -> str | None:
        """Local address to come from."""


class SiteName(Protocol):
    """What is needed of a Site: its profile and its target."""

    @property
    def profile(self) -> str:
        """Name of the profile."""

    @property
    def target(self) -> str:
        """Name of the target."""


class Outputs(Protocol):
    """What is needed of Pulumi's outputs: the hosts."""

    @property
    def hosts(self) -> Mapping[str, Reachable]:
        """Hosts by name."""


def render_known_hosts(hosts: Iterable[Reachable]) -> str:
    """Return OpenSSH's ``known_hosts``; hosts are known by their name, so that a reused address proves nothing."""
    return "".join(f"{host.name} {host.host_key}\n" for host in hosts if host.host_key)


def render_ssh_config(hosts: Iterable[Reachable], known_hosts: Path, control: Path) -> str:
    """Return OpenSSH's configuration for ``hosts``.

    ``control`` is a short folder for the sockets of connections that are kept open (a command then costs 5 ms).
    """
    blocks = [_render_host(host) for host in hosts]
    common = (
        "Host *\n"
        "    StrictHostKeyChecking yes\n"
        f'    UserKnownHostsFile "{known_hosts}"\n'
        "    GlobalKnownHostsFile none\n"
        "    UpdateHostKeys no\n"
        "    HashKnownHosts no\n"
        "    CheckHostIP no\n"
        "    HostKeyAlgorithms ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512\n"
        "    PreferredAuthentications publickey\n"
        "    IdentityFile none\n"
        "    BatchMode yes\n"
        "    ForwardAgent no\n"
        "    ConnectTimeout 15\n"
        "    ServerAliveInterval 15\n"
        "    ServerAliveCountMax 4\n"
        "    ControlMaster auto\n"
        "    ControlPersist 60s\n"
        f'    ControlPath "{control}/%C"\n'
    )
    return "\n".join([*blocks, common])


def _render_host(host: Reachable) -> str:
    lines = [
        f"Host {host.name}",
        f"    HostName {host.address}",
        f"    Port {host.port}",
        f"    User {host.user}",
        f"    HostKeyAlias {host.name}",
    ]
    if host.netns:
        script = Path(fdpass.__file__).resolve()
        command = f"'{sys.executable}' -S '{script}' {host.netns} {host.source_address or '-'} %h %p"
        lines += [f"    ProxyCommand {command}", "    ProxyUseFdpass yes"]
    elif host.source_address:
        lines.append(f"    BindAddress {host.source_address}")
    return "\n".join(lines) + "\n"


def control_folder(folder: Path) -> Path:
    """Return a folder for ssh's control sockets: ``<folder>/ssh``, or a short private one when that is too long."""
    preferred = folder / "ssh"
    hashed = 40  # %C
    if len(str(preferred)) + 1 + hashed + _CONTROL_SUFFIX <= _LONGEST_SOCKET:
        return preferred
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir(), f"sc-{os.getuid()}-{digest}")


def ssh_options(site: SiteName, outputs: Outputs, *, folder: Path | None = None) -> tuple[str, ...]:
    """Write ``known_hosts`` and ``ssh_config`` of a Site and return the arguments that make ssh use them.

    After that ``ssh <arguments> <host name>`` logs in. The files lie in ``.state/<profile>/<target>/`` (``folder``).
    Raises OSError when the control folder belongs to somebody else.
    """
    place = (folder or paths.deployment(site.profile, site.target)).resolve()
    place.mkdir(parents=True, exist_ok=True)
    control = control_folder(place)
    control.mkdir(mode=0o700, exist_ok=True)
    if control.stat().st_uid != os.getuid() or control.is_symlink():
        raise PermissionError(f"{control} belongs to somebody else")
    hosts = [outputs.hosts[name] for name in sorted(outputs.hosts)]
    _write(place / "known_hosts", render_known_hosts(hosts))
    _write(place / "ssh_config", render_ssh_config(hosts, place / "known_hosts", control))
    return ("-F", str(place / "ssh_config"))


def last_words(stderr: str, status: int) -> str | Text:
    """Return the last thing that ssh said, or how it ended when it said nothing."""
    lines = stderr.strip().splitlines()
    return lines[-1] if lines else Text(vi=f"ssh kết thúc với mã {status}", en=f"ssh ended with {status}")


def no_answer(seconds: float) -> Text:
    """Return that a host was silent for so many seconds."""
    return Text(vi=f"không trả lời trong {seconds:g} giây", en=f"no answer within {seconds:g} s")


def close_connection(folder: Path, host: str) -> None:
    """End the connection that ssh keeps open to one host of the deployment in ``folder``; none is fine.

    A host that was restarted would otherwise be asked on a connection that died with the old system.
    """
    configuration = folder / "ssh_config"
    if configuration.exists():
        subprocess.run(["ssh", "-F", str(configuration), "-O", "exit", host], capture_output=True, check=False)


def close_connections(folder: Path) -> int:
    """End all connections that ssh keeps open for the deployment in ``folder``, and return how many there were.

    A control folder outside ``folder`` is removed.
    """
    control = control_folder(folder.resolve())
    sockets = [path for path in control.iterdir() if path.is_socket()] if control.is_dir() else []
    for path in sockets:
        command = ["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={path}", "kept-open"]
        subprocess.run(command, capture_output=True, check=False)
        path.unlink(missing_ok=True)
    if not control.is_relative_to(folder.resolve()):
        with contextlib.suppress(OSError):  # none, or used again by now
            control.rmdir()
    return len(sockets)


def _write(path: Path, text: str) -> None:
    """Replace a file whole; one that says the same is left alone."""
    if path.exists() and path.read_text() == text:
        return
    write_whole(path, text)
