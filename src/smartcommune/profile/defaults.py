"""Where the defaults of the profile's model stand in its source, so that ``explain`` can name their line."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from smartcommune import paths
from smartcommune.profile import models
from smartcommune.profile.loaded import Position


@cache
def load_default_positions() -> dict[str, Position]:
    """Return the line of each field of ``profile/models.py`` by ``<model>.<field>``."""
    source = Path(models.__file__)
    file = paths.display(source)
    return {
        f"{owner.name}.{field.target.id}": Position(file, field.lineno, field.col_offset + 1)
        for owner in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(owner, ast.ClassDef)
        for field in owner.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
