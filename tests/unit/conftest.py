"""Unit tests are run by anybody and leave nothing: none becomes root, which would replace the process by ``sudo``."""

from __future__ import annotations

import os
import tempfile

import pytest


@pytest.fixture(autouse=True)
def _no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands that want root go on as whoever runs the tests."""
    monkeypatch.setattr("smartcommune.cli.privilege.become_root", lambda session: None)


@pytest.fixture(autouse=True)
def _no_leftovers(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep folders that outlive a command, as ssh's control sockets do, among pytest's own temporary ones."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # a worker's own folder would be too long for the address of a socket
        base = base.parent
    monkeypatch.setattr(tempfile, "tempdir", str(base))
