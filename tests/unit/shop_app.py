"""The shop's modules that need no Django, loaded from its role."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROLES = Path(__file__).resolve().parents[2] / "roles"


def load(path: str) -> ModuleType:
    """Return the module at ``path`` below ``roles/``."""
    name = "tested_" + Path(path).stem
    spec = importlib.util.spec_from_file_location(name, ROLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def shop(name: str) -> ModuleType:
    """Return one of the shop's modules."""
    return load(f"cooperative_shop/files/app/shop/{name}.py")
