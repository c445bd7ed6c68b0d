"""The shop's modules that need no Django, loaded from its role."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from tests.plugin_files import load_file

ROLES = Path(__file__).resolve().parents[2] / "roles"


def load(path: str) -> ModuleType:
    """Return the module at ``path`` below ``roles/``."""
    return load_file(ROLES / path, f"tested_{Path(path).stem}")


def shop(name: str) -> ModuleType:
    """Return one of the shop's modules."""
    return load(f"cooperative_shop/files/app/shop/{name}.py")
