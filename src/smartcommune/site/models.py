"""The Site: the compiled desired state of one commune on one target, as frozen data with its reasons.

Compilation is pure, and equal input gives equal bytes (``to_json``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

import orjson


@dataclass(frozen=True, slots=True)
class Source:
    """Why something is in the Site: a line of a profile, of a role's catalogue entry, or of the province's file."""

    file: str
    line: int
    key: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A network zone: IPv4 prefix, and the address of its gateway."""

    name: str
    prefix: str
    gateway: str


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Traffic a host accepts: from ``zones`` and from single ``addresses`` to ``protocol``/``port``."""

    protocol: str
    port: int
    zones: tuple[str, ...]
    service: str
    sources: tuple[Source, ...]
    addresses: tuple[str, ...] = ()  # consumers of a grant on other hosts


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Traffic a host may start: to ``address`` on ``protocol``/``port``."""

    protocol: str
    port: int
    address: str
    peer: str
    service: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A web address: full name, title and description by language, the unix socket behind it."""

    name: str
    service: str
    host: str
    title: dict[str, str]
    description: dict[str, str]
    socket: str | None
    audience: str
    uploads: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What one service gives another: a database by its name, say. ``secret`` names the password, if one is needed.

    Provider and consumer are on one host whenever placement allows it; then peer credentials serve and
    ``secret`` is None.
    """

    capability: str
    name: str | None
    provider: str
    provider_host: str
    consumer: str
    consumer_host: str
    secret: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """A secret by name, never by value: ``<host>/<service>/<name>``."""

    id: str
    host: str
    service: str
    name: str
    kind: Literal["password", "token"]
    length: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class PlacedService:
    """A service on a host: its role, the options as role variables, what it takes of memory and disk (bytes).

    ``files`` has the SHA-256 of each option that names a file; such an option is a path relative to the checkout
    where the file lies inside it, else absolute (``paths.checkout() / option`` serves both).
    """

    name: str
    host: str
    options: dict[str, Any]
    memory: int
    disk: int
    install_seconds: int
    unit: str | None
    health: tuple[str, ...]
    data: tuple[dict[str, Any], ...]
    sources: tuple[Source, ...]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Connection:
    """How the toolkit reaches a machine that already stands: SSH address, port and user."""

    address: str
    port: int
    user: str


@dataclass(frozen=True, slots=True)
class SiteHost:
    """A machine: address in its zone, names its certificate carries, firewall both ways, services in order.

    ``connection`` is None for a machine that the target makes itself.
    """

    name: str
    kind: str
    site: str
    zone: str
    address: str
    prefix_length: int
    gateway: str
    fqdn: str
    names: tuple[str, ...]
    memory: int
    disk: int
    services: tuple[PlacedService, ...]
    inbound: tuple[InboundRule, ...]
    outbound: tuple[OutboundRule, ...]
    sources: tuple[Source, ...]
    connection: Connection | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the profile or of a service's options, written down, left to its default, or derived."""

    key: str
    value: Any
    origin: Literal["written", "default", "derived"]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The whole desired state. ``peers`` maps ``mirror``, ``mail_relay``… to address and port where known."""

    schema: int
    profile: str
    commune: dict[str, Any]  # code, name, province_code, province, pilot, languages
    target: str
    level: int
    domain: str
    link: dict[str, int]
    zones: tuple[Zone, ...]
    hosts: tuple[SiteHost, ...]
    endpoints: tuple[Endpoint, ...]
    grants: tuple[Grant, ...]
    secrets: tuple[SecretNeed, ...]
    peers: dict[str, Any]
    province: dict[str, Any]
    settings: tuple[Setting, ...]

    def host(self, name: str) -> SiteHost:
        """Return one host by name; raises KeyError when it is not in the Site."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)


def to_plain(value: Any) -> Any:
    """Return ``value`` as dicts, lists and scalars."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def to_json(site: Site) -> bytes:
    """Return the Site as canonical JSON: sorted keys, two-space indent, final newline."""
    return orjson.dumps(site, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
