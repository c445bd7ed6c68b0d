"""The collector of the sensor gateway for its tests: on the path, with the role's own programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smartcommune import paths
from tests.plugin_files import load_file

if TYPE_CHECKING:
    from types import ModuleType

ROLE = paths.checkout() / "roles" / "sensor_gateway"
if str(ROLE / "files" / "app") not in sys.path:
    sys.path.insert(0, str(ROLE / "files" / "app"))


def load(path: str) -> ModuleType:
    """Return a program of the role as a module."""
    name = path.replace("/", "_").removesuffix(".py")
    return load_file(ROLE / path, f"sensor_gateway_{name}")
