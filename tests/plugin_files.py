"""Loading Python files by their path that lie in no package: Ansible plugins, as Ansible does, and roles' programs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[1]


def load_plugin(kind: str, name: str) -> ModuleType:
    """Return ``plugins/<kind>/<name>.py`` as a module of its own, which finds our module_utils as Ansible's."""
    for path in sorted((CHECKOUT / "plugins" / "module_utils").glob("*.py")):
        shared = f"ansible.module_utils.{path.stem}"
        if shared not in sys.modules:
            load_file(path, shared)
    return load_file(CHECKOUT / "plugins" / kind / f"{name}.py", f"plugin_{kind}_{name}")


def load_file(path: Path, name: str) -> ModuleType:
    """Return the module in a file under a name of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
