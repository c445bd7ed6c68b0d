"""What a province shares among its communes: ``inventory/province.yml``, or the file ``$SMARTCOMMUNE_PROVINCE``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from smartcommune import paths
from smartcommune.document.model import KeyPath
from smartcommune.document.reader import read_document
from smartcommune.document.validation import validate
from smartcommune.errors import ProvinceErrors
from smartcommune.keys import Key
from smartcommune.profile.loaded import Position
from smartcommune.profile.loader import positions_of
from smartcommune.profile.network import Model
from smartcommune.profile.quantities import parse_whole

if TYPE_CHECKING:
    from pathlib import Path

_IPV4 = r"^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$"


class Peer(Model):
    """A server of the province: IPv4 address and port."""

    address: Annotated[
        str,
        Key("Địa chỉ", "Address", "Địa chỉ IPv4.", "IPv4 address.", "10.0.0.5"),
    ] = Field(pattern=_IPV4)
    port: Annotated[int, Key("Cổng", "Port", "Cổng TCP.", "TCP port.", 3142)] = Field(ge=1, le=65535)


class ProvinceFile(Model):
    """The file's keys."""

    schema_version: Annotated[
        Literal[1],
        BeforeValidator(parse_whole),
        Key("Phiên bản", "Schema version", "Phiên bản của dạng tệp này.", "Version of this kind of file.", 1),
    ] = Field(alias="schema")
    mirror: Annotated[
        Peer | None,
        Key(
            "Kho phần mềm",
            "Package mirror",
            "Kho phần mềm của tỉnh mà các máy cài từ đó.",
            "The province's mirror that hosts install from.",
            {"address": "10.0.0.5", "port": 3142},
        ),
    ] = None
    mail_relay: Annotated[
        Peer | None,
        Key(
            "Máy chuyển thư",
            "Mail relay",
            "Máy nhận thư đi của các xã.",
            "The server that takes the communes' outgoing mail.",
            {"address": "10.0.0.6", "port": 25},
        ),
    ] = None
    domains: Annotated[
        dict[str, str],
        Key(
            "Tên miền",
            "Domains",
            "Tên miền khác quy tắc chung, theo mã xã.",
            "Domains that differ from the rule, by commune code.",
            {"01969": "phuthong.example.vn"},
        ),
    ] = Field(default={})


@dataclass(frozen=True, slots=True)
class Province:
    """The province's file with the place of each of its keys."""

    data: ProvinceFile
    positions: dict[KeyPath, Position] = field(repr=False)

    def position(self, path: KeyPath) -> Position:
        """Return where ``path`` stands, or its nearest ancestor."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path) or Position("inventory/province.yml", 1, 1)


def load_province(path: Path | None = None) -> Province:
    """Return the province's file; raises ProvinceErrors with every fault."""
    path = path if path is not None else paths.province()
    document = read_document(path, paths.display(path))
    data = None if document.faults else validate(document, ProvinceFile)
    if data is None or document.faults:
        raise ProvinceErrors(document.faults)
    return Province(data, positions_of(document))
