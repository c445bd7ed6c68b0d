"""The shop's configuration and secrets, as the role writes them."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.shop_app import shop


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the module, with its files in a folder of this test."""
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path))
    monkeypatch.delenv("PYTHON_APP_BUILD", raising=False)
    (tmp_path / "settings.json").write_text(json.dumps({"cooperative": "HTX Thiên An", "bank": None}), encoding="utf-8")
    (tmp_path / "secrets.json").write_text(json.dumps({"secret_key": "k3y", "database_password": "w0rd"}))
    return shop("config")


def test_settings_and_secrets_are_read(config: ModuleType) -> None:
    """What stands in the two files is what the shop uses."""
    assert config.load().cooperative == "HTX Thiên An"
    assert config.load_secrets() == config.Secrets("k3y", "w0rd")


def test_secrets_are_not_shown(config: ModuleType) -> None:
    """A printed object of secrets holds none of them."""
    assert repr(config.load_secrets()) == "Secrets()"


def test_a_build_needs_neither(config: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a release is built there is no file to read."""
    monkeypatch.setenv("PYTHON_APP_BUILD", "1")

    assert config.load() == config.Config()
    assert config.load_secrets().database_password == ""


def test_without_secrets_the_shop_does_not_start(config: ModuleType, tmp_path: Path) -> None:
    """A missing file of secrets is an error, not a default key."""
    (tmp_path / "secrets.json").unlink()

    with pytest.raises(FileNotFoundError):
        config.load_secrets()
