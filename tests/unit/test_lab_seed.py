"""What a machine is born with."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key

from smartcommune.lab.models import MachineSpec
from smartcommune.lab.seed import make_host_key, render_hosts, render_network, write_seed
from smartcommune.site.models import Interface

SPEC = MachineSpec(
    name="server-1",
    zone="server",
    address="10.20.3.10",
    prefix_length=24,
    gateway="10.20.3.1",
    memory=1 << 30,
    disk=8 << 30,
    authorized_keys=("ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"),
    fqdn="server-1.phuthong.example.test",
    hosts=(("10.20.3.10", ("cua-hang.example.test", "truy-xuat.example.test")),),
)


ROUTER = replace(
    SPEC,
    name="gateway-1",
    zone="edge",
    address="10.20.1.1",
    gateway="10.20.0.1",
    interfaces=(Interface("edge", "10.20.1.1", 24, "edge"), Interface("wan", "10.20.0.10", 24, "wan")),
)


@pytest.fixture
def own_files(monkeypatch):
    """Let files be given to the machine's account without being root."""
    monkeypatch.setattr(os, "chown", lambda *_: None)


def test_the_address_is_static_and_ipv4_only():
    """The link has the Site's address and gateway and takes nothing from the network."""
    text = render_network(SPEC.links[0], SPEC.gateway)
    assert "Name=host0\n" in text
    assert "Address=10.20.3.10/24\nGateway=10.20.3.1\n" in text
    assert "LinkLocalAddressing=no\nIPv6AcceptRA=no\n" in text


@pytest.mark.usefixtures("own_files")
def test_a_router_is_born_with_all_its_links_and_forwards(tmp_path):
    """Each link has its file, the gateway is on the link it is a neighbour of, and forwarding is on from birth."""
    write_seed(tmp_path, ROUTER, make_host_key())
    files = {path.name: path.read_text() for path in (tmp_path / "up/etc/systemd/network").iterdir()}
    assert sorted(files) == ["10-lab-edge.network", "10-lab-wan.network"]
    assert "Name=edge\n\n[Network]\nAddress=10.20.1.1/24\nLink" in files["10-lab-edge.network"]
    assert "Address=10.20.0.10/24\nGateway=10.20.0.1\n" in files["10-lab-wan.network"]
    assert "ip_forward = 1" in (tmp_path / "up/etc/sysctl.d/10-lab-forward.conf").read_text()


@pytest.mark.usefixtures("own_files")
def test_an_ordinary_machine_forwards_nothing(tmp_path):
    """A machine with one link has one file and no word about forwarding."""
    write_seed(tmp_path, SPEC, make_host_key())
    assert [path.name for path in (tmp_path / "up/etc/systemd/network").iterdir()] == ["10-lab-host0.network"]
    assert not (tmp_path / "up/etc/sysctl.d").exists()


def test_hosts_names_the_machine_and_the_commune():
    """The machine knows its own name and those it was told."""
    lines = render_hosts(SPEC).splitlines()
    assert "127.0.1.1 server-1.phuthong.example.test server-1" in lines
    assert "10.20.3.10 cua-hang.example.test truy-xuat.example.test" in lines


def test_a_host_key_is_ed25519_and_its_halves_fit():
    """The public half is the private one's, in OpenSSH's formats; two machines never share one."""
    key = make_host_key()
    private = load_ssh_private_key(key.private.encode(), None)
    assert key.public.startswith("ssh-ed25519 ")
    assert load_ssh_public_key(key.public.encode()) == private.public_key()
    assert make_host_key().public != key.public


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path, monkeypatch, umask):
    """Folders that cover the base image's stay readable, secrets do not become so, whatever the umask."""
    owners = {}
    monkeypatch.setattr(os, "chown", lambda path, user, group: owners.update({path.name: (user, group)}))
    before = os.umask(umask)
    try:
        write_seed(tmp_path, SPEC, make_host_key())
    finally:
        os.umask(before)
    up = tmp_path / "up"
    modes = {path: (up / path).stat().st_mode & 0o777 for path in ("etc", "etc/ssh", "etc/hostname", "home")}
    assert modes == {"etc": 0o755, "etc/ssh": 0o755, "etc/hostname": 0o644, "home": 0o755}
    assert (up / "etc/ssh/ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600
    assert (up / "home/commune/.ssh").stat().st_mode & 0o777 == 0o700
    assert (up / "home/commune/.ssh/authorized_keys").read_text().splitlines() == list(SPEC.authorized_keys)
    assert set(owners.values()) == {(1000, 1000)}
    assert len((up / "etc/machine-id").read_text().strip()) == 32
