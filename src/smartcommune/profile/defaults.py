"""Where the defaults of the profile's model stand in its source, so that ``explain`` can name their line."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from smartcommune import paths
from smartcommune.profile import devices, models, network
from smartcommune.profile.loaded import Position


@cache
def load_default_positions() -> dict[str, Position]:
    """Return the line of each field of the profile's models by ``<model>.<field>``."""
    return {
        f"{owner.name}.{field.target.id}": Position(paths.display(source), field.lineno, field.col_offset + 1)
        for source in map(Path, (models.__file__, network.__file__, devices.__file__))
        for owner in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(owner, ast.ClassDef)
        for field in owner.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
