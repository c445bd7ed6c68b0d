"""Settings and password of this machine, as the role writes them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/readings/settings.json")
PASSWORD = Path("/etc/readings/database-password")


def load_settings() -> dict[str, Any]:
    """Return the settings."""
    settings: dict[str, Any] = json.loads(SETTINGS.read_text(encoding="utf-8"))
    return settings


def load_password() -> str:
    """Return the password of a database on another machine; empty for one on this machine, which needs none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / "database-password" if folder else PASSWORD
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
