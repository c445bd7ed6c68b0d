"""Where the files of one commune on one target are: the toolkit's own, and the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartcommune import paths

if TYPE_CHECKING:
    from pathlib import Path

    from smartcommune.site.models import Site

PROJECT = "commune"
ORGANIZATION = "organization"  # the only one that file backends have


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one stack under ``.state``; nothing is created by asking for them."""

    root: Path
    profile: str
    target: str

    @property
    def stack(self) -> str:
        """Name of the Pulumi stack."""
        return f"{self.profile}.{self.target}"

    @property
    def folder(self) -> Path:
        """The commune's own folder on this target."""
        return self.root / self.profile / self.target

    @property
    def work(self) -> Path:
        """The engine's working folder: project file and the stack's settings."""
        return self.folder / "pulumi"

    @property
    def backend(self) -> Path:
        """The file:// backend, shared by all stacks."""
        return self.root / "pulumi"

    @property
    def home(self) -> Path:
        """The engine's home: nothing of it is kept outside the state folder."""
        return self.backend / "home"

    @property
    def state_file(self) -> Path:
        """The stack's state."""
        return self.backend / ".pulumi" / "stacks" / PROJECT / f"{self.stack}.json"

    @property
    def engine_locks(self) -> Path:
        """The engine's lock files of this stack."""
        return self.backend / ".pulumi" / "locks" / ORGANIZATION / PROJECT / self.stack

    @property
    def history(self) -> Path:
        """The engine's history of this stack."""
        return self.backend / ".pulumi" / "history" / PROJECT / self.stack

    @property
    def backups(self) -> Path:
        """The engine's copies of the state before each operation."""
        return self.backend / ".pulumi" / "backups" / PROJECT / self.stack


def layout(site: Site) -> Layout:
    """Return the layout of ``site``'s stack."""
    return Layout(paths.state(), site.profile, site.target)
