"""The collector of the sensor gateway for its tests: on the path, with the role's own programs."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from smartcommune import paths

if TYPE_CHECKING:
    from types import ModuleType

ROLE = paths.checkout() / "roles" / "sensor_gateway"
if str(ROLE / "files" / "app") not in sys.path:
    sys.path.insert(0, str(ROLE / "files" / "app"))


def load(path: str) -> ModuleType:
    """Return a program of the role as a module."""
    name = path.replace("/", "_").removesuffix(".py")
    spec = importlib.util.spec_from_file_location(f"sensor_gateway_{name}", ROLE / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
