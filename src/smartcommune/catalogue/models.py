"""A catalogue entry: what a service is, needs, keeps and offers (``roles/<service>/meta/service.yml``).

Adding a service is adding one role folder with such an entry; nothing else knows its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from smartcommune.document.model import KeyPath
from smartcommune.profile.loaded import Position
from smartcommune.profile.models import ComponentName
from smartcommune.profile.network import Bytes, HostKind, Model, ZoneName
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.rules import RulesFile

Number = int | float
Protocol = Literal["tcp", "udp"]
Peer = Literal["gateway", "mirror", "mail_relay", "resolver", "internet", "devices", "sensors"]
ROUTING = "routing"  # the one capability that the core knows: who provides it is its site's router
RESOLVER = "resolver"
_TABLE = r"^((inet|ip|ip6|bridge|netdev) )?commune_[a-z0-9_]{1,40}$"


class Option(Model):
    """One key that a profile may set for the service; becomes the role variable ``<service>_<key>``.

    ``values`` closes the choice of a scalar. A ``host`` names a host of the profile. A ``table`` is a list of rows:
    ``columns`` describes them, ``key`` names the column whose values differ, if one alone tells rows apart. ``header``
    names the columns of a CSV ``file``, ``needs`` the options that this one is set together with.
    """

    type: Literal["string", "integer", "number", "boolean", "file", "list", "host", "table"]
    title: Text
    description: Text
    example: Any
    default: Any = None
    header: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    required: bool = False
    pattern: str | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    values: tuple[str | Number, ...] = ()
    columns: dict[str, Option] = Field(default={})
    key: str | None = None

    def required_columns(self) -> tuple[str, ...]:
        """Return the columns that each row has to have: the key, and those that say so."""
        return tuple(name for name, column in self.columns.items() if column.required or name == self.key)


class Port(Model):
    """A port the service listens on and the zones that may reach it.

    The zones are those of all sites, joined by the VPN, unless it is ``local``: then of the host's own site only.
    ``administration``: the toolkit itself comes in by it, so on a machine that already stands it has the number that
    the profile gives for that machine.
    """

    port: int = Field(ge=1, le=65535)
    protocol: Protocol = "tcp"
    zones: tuple[ZoneName, ...]
    local: bool = False
    administration: bool = False
    purpose: Text


class Egress(Model):
    """A destination the service must reach: a peer named in the Site.

    ``gateway``: the gateway of the host's zone; ``mirror``, ``mail_relay``: the province's; ``resolver``: the name
    server of the host's router, no rule without one; ``internet``: any address beyond the WAN; ``devices``: all
    managed devices; ``sensors``: the zone ``sensor`` of the host's own site, where things wait to be asked.
    """

    peer: Peer
    port: int = Field(ge=1, le=65535)
    protocol: Protocol = "tcp"
    purpose: Text


class Transit(Model):
    """A flow between zones that the router of the service's site lets pass; ``ports`` left out means all of them."""

    sources: tuple[ZoneName, ...] = Field(alias="from", min_length=1)
    to: ZoneName
    protocol: Protocol | Literal["any"] = "any"
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    purpose: Text


class Requirement(Model):
    """A capability this service asks of another one, with what it asks for (a database's name, say).

    ``needs`` is passed on to the provider in the grant as it is: ``{extensions: [timescaledb]}``.
    """

    capability: str
    name: str | None = None
    needs: dict[str, Any] = Field(default={})


class FastCgi(Model):
    """A FastCGI application behind an endpoint: unix socket, the folder of its files, the script of a folder.

    ``private`` names folders below ``root`` that are not for visitors.
    """

    socket: str = Field(pattern=r"^/")
    root: str = Field(pattern=r"^/")
    index: str = Field(default="index.php", pattern=r"^[\w.-]+$")
    private: tuple[str, ...] = ()


class Endpoint(Model):
    """A web address the service offers: ``<name>.<domain>``, or the domain itself when ``name`` is empty."""

    name: str = Field(pattern=r"^([a-z][a-z0-9-]{0,30})?$")
    title: Text
    description: Text
    socket: str | None = None  # absolute path of the unix socket the reverse proxy passes to
    fastcgi: FastCgi | None = None  # instead of ``socket``
    audience: Literal["public", "staff"] = "public"
    uploads: Bytes = 8 * 1024**2


class Secret(Model):
    """A secret the service needs: born in Pulumi, handed to the role as ``<service>_<name>``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    kind: Literal["password", "token"]
    length: int = Field(default=24, ge=16, le=128)
    purpose: Text


class Save(Model):
    """One step of saving data into the folder of a backup, on the machine alone, by its timer or when it is asked.

    A ``command`` runs as ``user`` in that folder; its standard output becomes ``file``, or what it made elsewhere is
    moved in (``take``, a file or folder), or it writes into the folder (``{folder}``) by itself. A ``path`` is copied,
    a pattern's matches by their own names; a folder becomes the tar archive ``file``. ``each`` repeats the step for
    each consumer that this service gives the capability, with the grant's name for ``{name}``.
    """

    command: tuple[str, ...] = ()
    path: str | None = Field(default=None, pattern=r"^/")
    file: str | None = Field(default=None, pattern=r"^[\w{}][\w.{}-]*$")
    take: str | None = Field(default=None, pattern=r"^/")
    user: str = Field(default="root", pattern=r"^[a-z_][a-z0-9_-]*$")
    each: str | None = None


class DataSet(Model):
    """Data the service keeps, how sensitive it is, and how it is saved (``tasks/restore.yml`` brings it back).

    A ``database`` is saved by the service that provides it.
    """

    name: str
    sensitivity: Literal["public", "internal", "personal"]
    description: Text
    database: str | None = None
    path: str | None = None
    save: tuple[Save, ...] = ()


class Health(Model):
    """How to see that the service works: a systemd unit, and the command whose exit status 0 means healthy."""

    unit: str | None = None
    command: tuple[str, ...] = ()


class Service(Model):
    """One service of the catalogue."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    component: ComponentName | Literal["foundation"]  # foundation: on every host, or pulled in by a requirement
    title: Text
    purpose: Text
    everywhere: bool = False
    spread: bool = False  # ``host:`` may be a list; the service is placed on each
    accompanies: str | None = None  # on every host of its kinds, once that service is anywhere
    provides: tuple[str, ...] = ()
    remote: dict[str, int] = Field(default={})  # the TCP port on which a capability is given to other hosts
    requires: tuple[Requirement, ...] = ()
    kinds: tuple[HostKind, ...] = ("server",)
    ports: tuple[Port, ...] = ()
    egress: tuple[Egress, ...] = ()
    transit: tuple[Transit, ...] = ()
    firewall_tables: tuple[Annotated[str, Field(pattern=_TABLE)], ...] = ()  # nftables tables of the role's own
    endpoints: tuple[Endpoint, ...] = ()
    options: dict[str, Option] = Field(default={})
    secrets: tuple[Secret, ...] = ()
    memory: Bytes = 0
    disk: Bytes = 0
    install_seconds: int = 30  # a first estimate for plans, replaced by measured times
    data: tuple[DataSet, ...] = ()
    health: Health = Health()


class Catalogue(dict[str, Service]):
    """All services by name, the place of each key of their entries, and the rules that roles have of their own."""

    def __init__(self, services: Mapping[str, Service] | None = None) -> None:
        super().__init__(services or {})
        self.positions: dict[str, dict[KeyPath, Position]] = {}
        self.rules: dict[str, RulesFile] = {}

    def position(self, service: str, path: KeyPath) -> Position:
        """Return where ``path`` stands in a service's entry, or its nearest ancestor when it is left to its default."""
        positions = self.positions.get(service, {})
        while path and path not in positions:
            path = path[:-1]
        return positions.get(path) or Position(f"roles/{service}/meta/service.yml", 1, 1)
