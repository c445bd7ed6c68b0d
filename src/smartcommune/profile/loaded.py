"""A loaded profile: typed data, the place of each of its keys, and the files that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from smartcommune.document.model import KeyPath
    from smartcommune.profile.models import Profile


class Position(NamedTuple):
    """Where a key stands: file as shown to the user, line and column from 1."""

    file: str
    line: int
    column: int


class DataFile(NamedTuple):
    """A file that a profile names: path for display and use, SHA-256 of its content."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A valid profile; ``name`` is the file's stem.

    ``files`` has, for each option that names a file, its path (relative to the checkout where it lies inside) and the
    SHA-256 of its content, so that the Site changes when the data does. ``defaults`` says where the model's defaults
    stand, by ``<model>.<field>``.
    """

    name: str
    profile: Profile
    positions: dict[KeyPath, Position] = field(repr=False)
    files: dict[KeyPath, DataFile] = field(default_factory=dict)
    defaults: dict[str, Position] = field(default_factory=dict, repr=False)

    def position(self, path: KeyPath) -> Position:
        """Return where ``path`` stands, or its nearest ancestor when it was left to its default."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path) or Position(self.name, 1, 1)
