"""The commune profile: what a reviewed ``commune_profiles/<name>.yml`` says, as typed, frozen data.

A profile is closed: unknown keys are errors. Options of a service are described by its catalogue entry
(``roles/<service>/meta/service.yml``) and are checked there, so ``components`` holds them as plain mappings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from smartcommune.profile.quantities import parse_bytes, parse_duration, parse_rate

SCHEMA_VERSION = 1

ComponentName = Literal["institution", "resources", "infrastructure", "services", "production"]
COMPONENTS: tuple[ComponentName, ...] = ("institution", "resources", "infrastructure", "services", "production")
ZoneName = Literal["wan", "edge", "office", "server", "wifi", "sensor", "management"]
ZONES: tuple[ZoneName, ...] = ("wan", "edge", "office", "server", "wifi", "sensor", "management")
HostKind = Literal["server", "gateway"]

Bytes = Annotated[int, BeforeValidator(parse_bytes)]
BitRate = Annotated[int, BeforeValidator(parse_rate)]
Milliseconds = Annotated[int, BeforeValidator(parse_duration)]


class Model(BaseModel):
    """Closed and frozen: an unknown key is an error, a loaded profile never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Commune(Model):
    """Who the profile is for."""

    code: str = Field(pattern=r"^\d{5}$")
    name: str = Field(min_length=1, max_length=80)
    pilot: str | None = None
    languages: tuple[Literal["vi", "en"], ...] = ("vi", "en")


class Link(Model):
    """The commune's connection to the Internet: bit/s and milliseconds."""

    down: BitRate
    up: BitRate
    rtt: Milliseconds


class Network(Model):
    """One IPv4 block of /21: eight zones of /24 in the order of ``ZONES``."""

    block: str = "10.20.0.0/21"


class Host(Model):
    """A machine of the commune: memory and disk in bytes."""

    kind: HostKind
    site: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    zone: ZoneName | None = None
    memory: Bytes = 8 * 1024**3
    disk: Bytes = 60 * 1024**3


class LabTarget(Model):
    """Everything on this computer: systemd-nspawn machines on bridges."""


class ExistingHost(Model):
    """A machine that already stands in the commune, by its address."""

    address: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str = "commune"


class ExistingTarget(Model):
    """Machines that already stand."""

    hosts: dict[str, ExistingHost]


class Targets(Model):
    """Where the commune can be provisioned; the first one written is the default."""

    lab: LabTarget | None = None
    existing: ExistingTarget | None = None


class Profile(Model):
    """One commune: what it is, which hosts it has, which services it chose, where it is provisioned."""

    schema_version: Literal[1] = Field(alias="schema")
    commune: Commune
    link: Link
    level: Literal[1, 2, 3] = 2
    network: Network = Network()
    hosts: dict[str, Host] = Field(min_length=1)
    components: dict[ComponentName, dict[str, dict[str, Any]]] = {}
    targets: Targets = Targets(lab=LabTarget())


KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a node stands: file as shown to the user, line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A valid profile with the position of each of its nodes; ``name`` is the file's stem."""

    name: str
    profile: Profile
    positions: dict[KeyPath, Position] = field(repr=False)

    def position(self, path: KeyPath) -> Position:
        """Return where ``path`` stands, or its nearest ancestor when it was left to its default."""
        while path not in self.positions:
            path = path[:-1]
        return self.positions[path]
