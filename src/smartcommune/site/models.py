"""The Site: the compiled desired state of one commune on one target, as frozen data with its reasons.

Compilation is pure, and equal input gives equal bytes (``to_json``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
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
    """A network zone of a site: IPv4 prefix, the address of its gateway, and the host that has this address.

    ``router`` is None where no host routes, and always in ``wan`` and ``wan2``: there the gateway is the operator's.
    """

    name: str
    prefix: str
    gateway: str
    site: str = ""
    router: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A site with a network of its own: block of its zones, link (bit/s, milliseconds), the host that routes."""

    name: str
    title: str
    block: str
    link: dict[str, int]
    router: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """A host's place in one zone. ``name`` is the link's name, empty where the machine keeps its own."""

    zone: str
    address: str
    prefix_length: int
    name: str


@dataclass(frozen=True, slots=True)
class ForwardRule:
    """Traffic that a router lets pass between two of its zones, or through the VPN (zone ``vpn``) between sites.

    ``source`` and ``destination`` are a prefix or an address, ``0.0.0.0/0`` for whatever lies beyond the WAN;
    ``protocol`` is ``tcp``, ``udp`` or ``any``; no ``ports`` means all.
    """

    from_zone: str
    source: str
    to_zone: str
    destination: str
    protocol: str
    ports: tuple[int, ...]
    service: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Traffic a host accepts: from ``zones`` and from single ``addresses`` to ``protocol``/``port``.

    ``prefixes`` are those of the zones, on all sites unless ``local``; ``outside`` adds whatever lies beyond the WAN.
    """

    protocol: str
    port: int
    zones: tuple[str, ...]
    service: str
    sources: tuple[Source, ...]
    addresses: tuple[str, ...] = ()  # consumers of a grant on other hosts; the router, where its zone is let in
    prefixes: tuple[str, ...] = ()
    outside: bool = False
    local: bool = False


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
    fastcgi: dict[str, Any] | None = None


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
    needs: dict[str, Any] = field(default_factory=dict)
    provider_address: str = ""  # each as the other side sees it: a router has an address in every zone
    consumer_address: str = ""


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
    title: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """How the toolkit reaches a machine that already stands: SSH address, port and user."""

    address: str
    port: int
    user: str


@dataclass(frozen=True, slots=True)
class SiteHost:
    """A machine: address in its zone, names its certificate carries, firewall both ways, services in order.

    ``connection`` is None for a machine that the target makes itself. ``interfaces`` begins with the host's own zone;
    a router has one in every zone of its site, and ``forward`` is all that it lets pass. ``peers`` are the Site's as
    this host reaches them.
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
    interfaces: tuple[Interface, ...] = ()
    forward: tuple[ForwardRule, ...] = ()
    firewall_tables: tuple[str, ...] = ()
    peers: dict[str, Any] = field(default_factory=dict)

    @property
    def is_router(self) -> bool:
        """Tell whether the host joins the zones of its site."""
        return len(self.interfaces) > 1

    def service(self, name: str) -> PlacedService:
        """Return one service by name; raises KeyError when it is not on the host."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Vlan:
    """A zone on a trunk: its VLAN number."""

    number: int
    zone: str


@dataclass(frozen=True, slots=True)
class DevicePort:
    """A declared port of a device: ``access`` in one ``zone``, or a ``trunk`` of all."""

    name: str
    mode: Literal["access", "trunk"]
    zone: str | None
    enabled: bool
    description: str | None


@dataclass(frozen=True, slots=True)
class Ssid:
    """A wireless network: the name that people see, one for programs, its VLAN, the id of its key (None: open)."""

    name: str
    slug: str
    vlan: int
    security: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Device:
    """A network device with a vendor's command line: all that its configuration is rendered from.

    ``vlan`` is the one that it is administered in, ``vlans`` are all that its trunks carry; ``pollers`` are the
    addresses that may ask it by SNMPv3, none where nobody does; ``time_server`` and ``resolver`` are the site's router.
    """

    name: str
    platform: str
    site: str
    zone: str
    address: str
    port: int
    sources: tuple[Source, ...]
    role: str = ""
    user: str = "admin"
    fqdn: str = ""
    prefix_length: int = 24
    gateway: str = ""
    vlan: int = 0
    vlans: tuple[Vlan, ...] = ()
    ports: tuple[DevicePort, ...] = ()
    ssids: tuple[Ssid, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    time_server: str | None = None
    resolver: str | None = None
    pollers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the profile or of a service's options, written down, left to its default, or derived."""

    key: str
    value: Any
    origin: Literal["written", "default", "derived"]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The whole desired state. ``peers`` maps ``mirror``, ``mail_relay``… to address and port where known.

    ``zones`` are those of the first site, then of the next; hosts of a place that is no site of its own stand in the
    first one's.
    """

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
    sites: tuple[Place, ...] = ()
    devices: tuple[Device, ...] = ()

    def host(self, name: str) -> SiteHost:
        """Return one host by name; raises KeyError when it is not in the Site."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    def device(self, name: str) -> Device:
        """Return one device by name; raises KeyError when it is not in the Site."""
        for device in self.devices:
            if device.name == name:
                return device
        raise KeyError(name)

    def label(self, endpoint: Endpoint) -> str:
        """Return what a web address is called within the commune: its first label, or the domain itself."""
        return endpoint.name.removesuffix(f".{self.domain}")

    def zones_of(self, site: str) -> dict[str, Zone]:
        """Return the zones by name where a host or device of ``site`` stands."""
        own = {zone.name: zone for zone in self.zones if zone.site == site}
        return own or {zone.name: zone for zone in self.zones if zone.site == self.zones[0].site}


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
