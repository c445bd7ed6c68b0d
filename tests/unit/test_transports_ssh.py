"""The SSH transport: what OpenSSH is told, and that it understands it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartcommune.transports import ssh

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000"


@dataclass(frozen=True)
class Host:
    """A host as Pulumi's outputs tell it."""

    name: str
    address: str = "10.20.3.10"
    port: int = 22
    user: str = "commune"
    host_key: str = _KEY
    netns: str | None = None
    source_address: str | None = None


@dataclass(frozen=True)
class Site:
    """A Site's names."""

    profile: str = "vi-huong"
    target: str = "lab"


@dataclass(frozen=True)
class Outputs:
    """Pulumi's outputs, as far as SSH needs them."""

    hosts: dict[str, Host]


LAB = Host("server-1", netns="sc-vi-huong", source_address="10.20.6.1")
EXISTING = Host("gateway-1", address="gateway.example.test", port=2222, user="admin")


def _asked(folder: Path, name: str, *hosts: Host) -> dict[str, str]:
    """Return what OpenSSH itself makes of the configuration for one host."""
    options = ssh.ssh_options(Site(), Outputs({host.name: host for host in hosts}), folder=folder)
    done = subprocess.run(["ssh", *options, "-G", name], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="openssh-client is not installed")


@needs_ssh
def test_a_lab_machine_is_reached_through_its_namespace(tmp_path):
    """The socket is made in the namespace, from the toolkit's address there, and handed over."""
    seen = _asked(tmp_path, "server-1", LAB, EXISTING)
    assert seen["hostname"] == "10.20.3.10"
    assert seen["user"] == "commune"
    assert seen["proxyusefdpass"] == "yes"
    assert seen["proxycommand"].endswith("fdpass.py' sc-vi-huong 10.20.6.1 %h %p")


@needs_ssh
def test_a_machine_that_stands_is_reached_from_here(tmp_path):
    """An existing host has its address, port and account, and no way through a namespace."""
    seen = _asked(tmp_path, "gateway-1", LAB, EXISTING)
    assert (seen["hostname"], seen["port"], seen["user"]) == ("gateway.example.test", "2222", "admin")
    assert "proxycommand" not in seen


@needs_ssh
def test_host_keys_are_checked_strictly(tmp_path):
    """Only recorded keys count, by the host's own name; nothing is asked and nothing learnt on the way."""
    seen = _asked(tmp_path, "server-1", LAB)
    assert seen["stricthostkeychecking"] in ("yes", "true")
    assert seen["userknownhostsfile"] == str(tmp_path / "known_hosts")
    assert seen["globalknownhostsfile"] == "none"
    assert seen["hostkeyalias"] == "server-1"
    assert seen["batchmode"] == "yes"
    assert seen["updatehostkeys"] in ("no", "false")
    assert seen["passwordauthentication"] == "yes" or seen["preferredauthentications"] == "publickey"


@needs_ssh
def test_no_key_is_read_from_a_disk(tmp_path):
    """The private key comes from the agent only."""
    assert _asked(tmp_path, "server-1", LAB)["identityfile"] == "none"


def test_known_hosts_hold_public_keys_by_name():
    """One line a host; a host whose key is not known yet has none."""
    assert ssh.render_known_hosts([LAB, Host("new-1", host_key="")]) == f"server-1 {_KEY}\n"


def test_files_are_written_once(tmp_path):
    """Equal outputs leave the files as they are, so that nothing looks changed."""
    outputs = Outputs({"server-1": LAB})
    assert ssh.ssh_options(Site(), outputs, folder=tmp_path) == ("-F", str(tmp_path / "ssh_config"))
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.is_file()}
    ssh.ssh_options(Site(), outputs, folder=tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.is_file()} == before
    assert set(before) == {"known_hosts", "ssh_config"}


def test_files_lie_in_the_state_of_the_target(tmp_path, monkeypatch):
    """Without a folder given, they are the deployment's."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    assert ssh.ssh_options(Site(), Outputs({}))[1] == str(tmp_path / "vi-huong" / "lab" / "ssh_config")


def test_control_sockets_fit_a_socket_address(tmp_path):
    """A deep checkout gets a short private folder elsewhere; a shallow one keeps them with its state."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    assert ssh.control_folder(Path("/srv/x")) == Path("/srv/x/ssh")
    assert len(str(ssh.control_folder(deep))) + 1 + 40 + 17 < 108
    assert ssh.control_folder(deep) != ssh.control_folder(tmp_path / "other" / ("e" * 90))


def test_a_control_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    """A link put where the folder should be is not followed."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(ssh, "control_folder", lambda _folder: tmp_path / "link")
    with pytest.raises(PermissionError, match="link"):
        ssh.ssh_options(Site(), Outputs({}), folder=tmp_path)


def test_kept_connections_are_ended(tmp_path, monkeypatch):
    """Each control socket is asked to exit and removed, also one whose process is dead; other files stay."""
    folder = tmp_path / "ssh"
    folder.mkdir()
    monkeypatch.setattr(ssh, "control_folder", lambda place: place / "ssh")
    (folder / "note").write_text("")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "0123"))
    asked = []
    monkeypatch.setattr(ssh.subprocess, "run", lambda command, **_: asked.append(command))
    assert ssh.close_connections(tmp_path) == 1
    assert f"ControlPath={folder / '0123'}" in asked[0]
    assert [path.name for path in folder.iterdir()] == ["note"]
    assert ssh.close_connections(tmp_path / "none") == 0
