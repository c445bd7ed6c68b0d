"""From what the user typed to a Site, or to its lab: find the profile, load it, compile it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Catalogue
    from smartcommune.cli.session import Session
    from smartcommune.lab.lab import Lab
    from smartcommune.site.models import Site


@dataclass(frozen=True, slots=True)
class Commune:
    """A compiled commune with the catalogue that it was compiled by, and the folder of its state."""

    site: Site
    catalogue: Catalogue
    folder: Path


def load_commune(profile: str, target: str | None) -> Commune:
    """Return the commune. Raises UsageError and its kin, with every fault, before anything is touched."""
    from smartcommune import paths
    from smartcommune.catalogue.loader import load_catalogue
    from smartcommune.site import load_site

    site = load_site(profile, target)
    return Commune(site, load_catalogue(), paths.deployment(site.profile, site.target))


def check_hosts(commune: Commune, names: list[str] | None, *, devices: bool = False) -> tuple[str, ...]:
    """Return the named hosts; raises UsageError with the hosts there are when one is not in the Site.

    ``devices``: names of network devices will do as well.
    """
    from smartcommune.document.nearest import one_of
    from smartcommune.errors import UsageError
    from smartcommune.text import Text

    known = [host.name for host in commune.site.hosts]
    known += [device.name for device in commune.site.devices] if devices else []
    for name in names or ():
        if name not in known:
            raise UsageError(Text(vi=f"không có máy {name}", en=f"there is no host {name}"), todo=one_of(name, known))
    return tuple(names or ())


def lab_of(session: Session, profile: str, *, standing: bool = True) -> Lab:
    """Return a profile's lab, as root; the profile may be a path and need not be valid any more.

    Raises NotProvisionedError when nothing of it is ``standing`` although something must be.
    """
    from smartcommune.cli.privilege import become_root
    from smartcommune.errors import NotProvisionedError
    from smartcommune.profile.loader import find_profile
    from smartcommune.text import Text

    path = find_profile(profile)
    become_root(session)
    from smartcommune.lab.lab import Lab

    lab = Lab(path.stem)
    if standing and not lab.list() and lab.read_network() is None:
        raise NotProvisionedError(
            Text(vi=f"phòng thử của {path.stem} chưa được dựng", en=f"the lab of {path.stem} has not been provisioned"),
            todo=Text(
                vi=f"chạy: smartcommune apply {path.stem} --target lab",
                en=f"run: smartcommune apply {path.stem} --target lab",
            ),
        )
    return lab


def name_of(profile: str) -> str:
    """Return a lab's name, given as such or as the path of its profile, which need not be there any more."""
    return Path(profile).stem if "/" in profile or profile.endswith((".yml", ".yaml")) else profile
