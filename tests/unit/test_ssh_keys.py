"""SSH keys out of secrets: OpenSSH's own program reads them, and the two halves belong together."""

from __future__ import annotations

import subprocess

import pytest
from ansible.errors import AnsibleFilterError

from tests.plugin_files import load_plugin

SECRET = "k" * 64


@pytest.fixture(scope="module")
def keys():
    """The filters."""
    return load_plugin("filter", "ssh_keys")


def test_openssh_reads_the_private_key(keys, tmp_path):
    """ssh-keygen finds in the private key the public one that the other side is told."""
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(keys.ssh_private_key(SECRET, "backup of server-1"), encoding="utf-8")
    done = subprocess.run(["ssh-keygen", "-y", "-f", str(path)], capture_output=True, text=True, check=True)

    assert done.stdout.split()[:2] == keys.ssh_public_key(SECRET).split()
    assert keys.ssh_public_key(SECRET, "x").endswith(" x")


def test_a_secret_has_one_key(keys):
    """The same secret gives the same file, another one another key."""
    assert keys.ssh_private_key(SECRET) == keys.ssh_private_key(SECRET)
    assert keys.ssh_public_key(SECRET) != keys.ssh_public_key(SECRET.upper())


def test_a_short_secret_is_refused(keys):
    """What could be guessed makes no key."""
    with pytest.raises(AnsibleFilterError, match="32"):
        keys.ssh_private_key("short")
