"""The Site: the compiled desired state of one commune on one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartcommune.site.models import Site


def load_site(name_or_path: str, target: str | None = None) -> Site:
    """Return the Site of a profile, given by name or path; ``target`` defaults to the profile's first one.

    Raises UsageError, and its InputErrors with every fault of profile, catalogue and province.
    """
    from smartcommune.catalogue.loader import load_catalogue
    from smartcommune.profile.loader import find_profile, load_profile
    from smartcommune.site.compile import compile_site, targets_of
    from smartcommune.site.province import load_province

    path = find_profile(name_or_path)
    catalogue = load_catalogue()
    loaded = load_profile(path, catalogue)
    return compile_site(loaded, catalogue, load_province(), target or targets_of(loaded)[0])
