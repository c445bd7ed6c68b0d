"""Becoming root finds root's programs."""

from __future__ import annotations

import pytest

from smartcommune.cli.privilege import with_sbin


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/local/bin:/usr/bin:/bin", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
        ("/usr/sbin:/usr/bin:/sbin", "/usr/sbin:/usr/bin:/sbin"),
        ("", "/usr/sbin:/sbin"),
    ],
)
def test_programs_of_root_are_found(path, expected) -> None:
    """A user's PATH on Debian lacks the folders of root's programs; they are added once, at the end."""
    assert with_sbin(path) == expected
