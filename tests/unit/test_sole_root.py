"""The module sole_root: who else is root, and how the account loses that."""

from __future__ import annotations

import pytest

from tests.plugin_files import load_plugin

sole_root = load_plugin("modules", "sole_root")
PASSWD = """root:x:0:0:root:/root:/bin/bash
toor:x:0:0:the other one:/root:/bin/bash
pwn::00:0::/root:/bin/sh
commune:x:1000:1000:Quản trị:/home/commune:/bin/bash
systemd-network:x:999:998::/:/usr/sbin/nologin
+nis::::::
"""


def test_other_roots_are_found_by_their_number():
    """Every name with uid 0 but root's own is found, however the number is written."""
    assert sole_root.other_roots(PASSWD) == ["toor", "pwn"]


def test_they_lose_number_password_and_shell():
    """Each gets a free uid of its own, no shell and a locked password; everybody else's line stays byte by byte."""
    before, after = PASSWD.splitlines(), sole_root.powerless(PASSWD).splitlines()

    assert after[1] == "toor:x:998:0:the other one:/root:/usr/sbin/nologin"
    assert after[2] == "pwn:!:997:0::/root:/usr/sbin/nologin"
    assert [line for place, line in enumerate(after) if place not in (1, 2)] == [before[0], *before[3:]]
    assert sole_root.powerless("\n".join(after)) == "\n".join(after)


def test_the_file_is_replaced_whole(tmp_path, monkeypatch):
    """The accounts are written in one step with everybody's right to read them, also where a letter is no UTF-8."""
    passwd = tmp_path / "passwd"
    passwd.write_bytes(PASSWD.replace("the other one", "b").encode() + b"old:x:1:1:caf\xe9:/:/bin/sh\n")
    monkeypatch.setattr(sole_root, "PASSWD", passwd)
    monkeypatch.setattr(sole_root, "LOCK", tmp_path / ".pwd.lock")
    sole_root.rewrite()

    assert passwd.read_bytes().endswith(b"old:x:1:1:caf\xe9:/:/bin/sh\n")
    assert passwd.stat().st_mode & 0o777 == 0o644
    assert sole_root.other_roots(sole_root.load()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pwd.lock", "passwd"]


class RefusedError(Exception):
    """The module has refused."""


class Machine:
    """Stands in for Ansible's module."""

    check_mode = False
    params = {"spare": ["toor"]}  # noqa: RUF012 (read only)

    def fail_json(self, *, msg):
        """Refuse."""
        raise RefusedError(msg)


def test_the_account_of_the_toolkit_is_never_locked(tmp_path, monkeypatch):
    """Where the toolkit itself logs in by a second root, the task refuses and touches nothing."""
    passwd = tmp_path / "passwd"
    passwd.write_text(PASSWD)
    monkeypatch.setattr(sole_root, "PASSWD", passwd)
    monkeypatch.setattr(sole_root, "AnsibleModule", lambda **_: Machine())
    with pytest.raises(RefusedError, match="toor has uid 0"):
        sole_root.main()

    assert passwd.read_text() == PASSWD
