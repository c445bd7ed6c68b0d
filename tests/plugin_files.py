"""Loading Ansible plugins by their path, as Ansible does: they lie in no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[1]


def load_plugin(kind: str, name: str) -> ModuleType:
    """Return ``plugins/<kind>/<name>.py`` as a module of its own."""
    path = CHECKOUT / "plugins" / kind / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"plugin_{kind}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
