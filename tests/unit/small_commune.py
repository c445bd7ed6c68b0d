"""A commune compiled from a few words: a catalogue of one's own in a temporary folder, and a profile that is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.errors import InputErrors
from smartcommune.profile.loader import load_profile
from smartcommune.site.compile import compile_site
from smartcommune.site.province import load_province

if TYPE_CHECKING:
    from pathlib import Path

    from smartcommune.faults import Fault
    from smartcommune.site.models import Site

NOTE = "{vi: Thử, en: Trial}"
PROVINCE = "schema: 1\nmirror: {address: 10.9.9.9, port: 8080}\n"


class SmallCommune:
    """Compiles ``profile`` with the entries of ``roles``; in these ``NOTE`` stands for a text in both languages."""

    def __init__(self, folder: Path, roles: dict[str, str], profile: str) -> None:
        self.folder = folder
        self.profile = profile
        for name, text in roles.items():
            entry = folder / "roles" / name / "meta" / "service.yml"
            entry.parent.mkdir(parents=True)
            whole = f"name: {name}\ntitle: NOTE\npurpose: NOTE\n{text.strip()}\n".replace("NOTE", NOTE)
            entry.write_text(whole, encoding="utf-8")
        self.catalogue = load_catalogue(folder / "roles")

    def build(self, *edits: tuple[str, str], target: str = "lab", province: str = PROVINCE) -> Site:
        """Return the Site of the profile after ``edits``, each a text of it and its replacement."""
        text = self.profile
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "profile.yml").write_text(text, encoding="utf-8")
        (self.folder / "province.yml").write_text(province, encoding="utf-8")
        loaded = load_profile(self.folder / "profile.yml", self.catalogue)
        return compile_site(loaded, self.catalogue, load_province(self.folder / "province.yml"), target)

    def faults(self, *edits: tuple[str, str], target: str = "lab") -> tuple[Fault, ...]:
        """Return the faults of an edited profile, or of the Site that cannot be built from it."""
        with pytest.raises(InputErrors) as caught:
            self.build(*edits, target=target)
        for language in ("vi", "en"):
            caught.value.render(language)
        return caught.value.errors
