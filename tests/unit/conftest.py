"""Unit tests are run by anybody: none of them becomes root, which would replace the test process by ``sudo``."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands that want root go on as whoever runs the tests."""
    monkeypatch.setattr("smartcommune.cli.privilege.become_root", lambda session: None)
