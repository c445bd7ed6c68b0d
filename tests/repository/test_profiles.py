"""Every profile that is shipped compiles, for each of its targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.profile.loader import load_profile
from smartcommune.site.compile import compile_site, targets_of
from smartcommune.site.models import to_json
from smartcommune.site.province import load_province
from tests.repository.tree import name, under

PROFILES = [path for path in under("commune_profiles", "*.yml") if path.parent.name == "commune_profiles"]
PILOTS = {"vi-huong", "yen-hoa", "vinh-hung", "quang-tho"}


def test_all_pilots_are_shipped() -> None:
    """Each of the four pilot communes has its profile."""
    assert {path.stem for path in PROFILES} >= PILOTS


@pytest.mark.parametrize("path", PROFILES, ids=name)
def test_profile_compiles_to_the_same_bytes(path: Path) -> None:
    """A shipped profile is valid, and compiles twice to the same bytes for each of its targets."""
    catalogue, province = load_catalogue(), load_province()
    loaded = load_profile(path, catalogue)
    sites = [[to_json(compile_site(loaded, catalogue, province, each)) for each in targets_of(loaded)] for _ in "ab"]

    assert sites[0]
    assert sites[0] == sites[1]
