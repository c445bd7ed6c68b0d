"""A catalogue entry: what a service is, needs, keeps and offers (``roles/<service>/meta/service.yml``).

Adding a service is adding one role folder with such an entry; nothing else knows its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from smartcommune.document.model import KeyPath
from smartcommune.profile.loaded import Position
from smartcommune.profile.models import Bytes, ComponentName, HostKind, Model, ZoneName
from smartcommune.text import Text

Protocol = Literal["tcp", "udp"]


class Option(Model):
    """One key that a profile may set for the service; becomes the role variable ``<service>_<key>``."""

    type: Literal["string", "integer", "boolean", "file", "list"]
    title: Text
    description: Text
    example: Any
    default: Any = None
    required: bool = False
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None


class Port(Model):
    """A port the service listens on and the zones that may reach it."""

    port: int = Field(ge=1, le=65535)
    protocol: Protocol = "tcp"
    zones: tuple[ZoneName, ...]
    purpose: Text


class Egress(Model):
    """A destination the service must reach: a peer named in the Site (``gateway``, ``mirror``, ``mail_relay``)."""

    peer: Literal["gateway", "mirror", "mail_relay"]
    port: int = Field(ge=1, le=65535)
    protocol: Protocol = "tcp"
    purpose: Text


class Requirement(Model):
    """A capability this service asks of another one, with what it asks for (a database's name, say)."""

    capability: str
    name: str | None = None


class Endpoint(Model):
    """A web address the service offers: ``<name>.<domain>``, or the domain itself when ``name`` is empty."""

    name: str = Field(pattern=r"^([a-z][a-z0-9-]{0,30})?$")
    title: Text
    description: Text
    socket: str | None = None  # absolute path of the unix socket the reverse proxy passes to
    audience: Literal["public", "staff"] = "public"
    uploads: Bytes = 8 * 1024**2


class Secret(Model):
    """A secret the service needs: born in Pulumi, handed to the role as ``<service>_<name>``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    kind: Literal["password", "token"]
    length: int = Field(default=24, ge=16, le=128)
    purpose: Text


class DataSet(Model):
    """Data the service keeps, and how sensitive it is."""

    name: str
    sensitivity: Literal["public", "internal", "personal"]
    description: Text
    database: str | None = None
    path: str | None = None


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
    provides: tuple[str, ...] = ()
    remote: dict[str, int] = Field(default={})  # the TCP port on which a capability is given to other hosts
    requires: tuple[Requirement, ...] = ()
    kinds: tuple[HostKind, ...] = ("server",)
    ports: tuple[Port, ...] = ()
    egress: tuple[Egress, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    options: dict[str, Option] = Field(default={})
    secrets: tuple[Secret, ...] = ()
    memory: Bytes = 0
    disk: Bytes = 0
    install_seconds: int = 30  # a first estimate for plans, replaced by measured times
    data: tuple[DataSet, ...] = ()
    health: Health = Health()


class Catalogue(dict[str, Service]):
    """All services by name, and the place of each key of their entries."""

    def __init__(self, services: Mapping[str, Service] | None = None) -> None:
        super().__init__(services or {})
        self.positions: dict[str, dict[KeyPath, Position]] = {}

    def position(self, service: str, path: KeyPath) -> Position:
        """Return where ``path`` stands in a service's entry, or its nearest ancestor when it is left to its default."""
        positions = self.positions.get(service, {})
        while path and path not in positions:
            path = path[:-1]
        return positions.get(path) or Position(f"roles/{service}/meta/service.yml", 1, 1)
