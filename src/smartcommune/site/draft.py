"""What compilation carries from step to step: the inputs, the hosts, the placed services, and the conflicts seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from smartcommune.faults import Fault, Related
from smartcommune.site.models import Source

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Catalogue, Requirement, Service
    from smartcommune.document.model import KeyPath
    from smartcommune.profile.loaded import LoadedProfile, Position
    from smartcommune.profile.network import Link
    from smartcommune.site.models import Setting, Zone
    from smartcommune.site.province import Province
    from smartcommune.text import Text


@dataclass(slots=True)
class Network:
    """A site's network: its block, zones by name, and what routes between them, once that is placed."""

    site: str
    block: str
    link: Link
    sources: tuple[Source, ...]
    title: str = ""
    router: Placement | None = None
    zones: dict[str, Zone] = field(default_factory=dict)


class DraftHost(NamedTuple):
    """A host with its place in a network; a router has the gateway's address in each zone of it."""

    name: str
    network: Network
    zone: Zone
    address: str
    sources: tuple[Source, ...]

    @property
    def is_router(self) -> bool:
        """Tell whether the host joins the zones of its network."""
        return self.network.router is not None and self.network.router.host == self.name


@dataclass(slots=True)
class Placement:
    """A service on a host; ``written`` are the options of the profile and ``path`` is where they stand."""

    service: Service
    host: str
    sources: tuple[Source, ...]
    path: KeyPath | None = None
    written: dict[str, Any] = field(default_factory=dict)


class Tie(NamedTuple):
    """A requirement of one placed service that another one meets."""

    consumer: Placement
    provider: Placement
    requirement: Requirement
    source: Source


@dataclass(slots=True)
class Draft:
    """The inputs and what the steps have found out."""

    loaded: LoadedProfile
    catalogue: Catalogue
    province: Province
    target: str
    networks: dict[str, Network] = field(default_factory=dict)  # by site, the first one first
    standing: tuple[str, ...] = ()  # the target's hosts
    hosts: dict[str, DraftHost] = field(default_factory=dict)
    placements: dict[tuple[str, str], Placement] = field(default_factory=dict)  # by host and service
    ties: list[Tie] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def on(self, host: str) -> list[Placement]:
        """Return the services of one host in converge order (once they are ordered)."""
        return [placement for placement in self.placements.values() if placement.host == host]

    def network_of(self, site: str) -> Network:
        """Return the network of a place: its own, or the first one where it has none."""
        return self.networks.get(site) or next(iter(self.networks.values()))

    def provider_of(self, capability: str) -> Service:
        """Return the one service that provides a capability."""
        return next(service for service in self.catalogue.values() if capability in service.provides)

    def profile_source(self, *path: str | int) -> Source:
        """Return the profile's line for ``path``."""
        return _source(self.loaded.position(path), path)

    def catalogue_source(self, service: str, *path: str | int) -> Source:
        """Return the line of a service's catalogue entry for ``path``."""
        return _source(self.catalogue.position(service, path), path or (service,))

    def province_source(self, *path: str | int) -> Source:
        """Return the line of the province's file for ``path``."""
        return _source(self.province.position(path), path)

    def default_source(self, model: str, name: str) -> Source:
        """Return the line of a default in the profile's model."""
        position = self.loaded.defaults.get(f"{model}.{name}")
        return Source(position.file, position.line, f"{model}.{name}") if position else Source("", 0, name)

    def conflict(
        self, at: Source, code: str, message: Text, *, found: Text, expected: Text, todo: Text, others: list[Related]
    ) -> None:
        """Record why the Site cannot be built, at one place with the other places named."""
        fault = Fault(at.file, at.line, 1, at.key, code, message, found, expected, todo, None, tuple(others))
        self.faults.append(fault)


def related(source: Source, text: Text) -> Related:
    """Return a source as the other side of a conflict."""
    return Related(source.file, source.line, text)


def _source(position: Position, path: tuple[str | int, ...]) -> Source:
    return Source(position[0], position[1], ".".join(map(str, path)))
