"""The profile's network: zones, links and blocks, sites; and what all models of a profile share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from smartcommune.keys import Key
from smartcommune.profile.quantities import parse_bytes, parse_duration, parse_rate

ZoneName = Literal["wan", "edge", "office", "server", "wifi", "sensor", "management", "wan2"]
ZONES: tuple[ZoneName, ...] = ("wan", "edge", "office", "server", "wifi", "sensor", "management", "wan2")
HostKind = Literal["server", "gateway"]
ZONE_OF_KIND: dict[HostKind, ZoneName] = {"server": "server", "gateway": "edge"}  # where a host stands unless it says

Bytes = Annotated[int, BeforeValidator(parse_bytes)]
BitRate = Annotated[int, BeforeValidator(parse_rate)]
Milliseconds = Annotated[int, BeforeValidator(parse_duration)]


class Model(BaseModel):
    """Closed and frozen: an unknown key is an error, a loaded profile never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Link(Model):
    """The commune's connection to the Internet: bit/s and milliseconds."""

    down: Annotated[
        BitRate,
        Key("Tốc độ tải xuống", "Download rate", "Tốc độ từ Internet về xã.", "Rate towards the commune.", "30 Mbit/s"),
    ]
    up: Annotated[
        BitRate,
        Key("Tốc độ tải lên", "Upload rate", "Tốc độ từ xã ra Internet.", "Rate from the commune.", "10 Mbit/s"),
    ]
    rtt: Annotated[
        Milliseconds,
        Key(
            "Độ trễ",
            "Round-trip time",
            "Thời gian đi và về tới máy chủ của tỉnh.",
            "Time to the province's servers and back.",
            "60 ms",
        ),
    ]


class Network(Model):
    """One IPv4 block of /21: eight zones of /24 in the order of ``ZONES``."""

    block: Annotated[
        str,
        Key(
            "Khối địa chỉ",
            "Address block",
            "Khối IPv4 riêng /21 của xã; mỗi vùng lấy một /24.",
            "The commune's private IPv4 block of /21; each zone takes a /24 of it.",
            "10.20.0.0/21",
        ),
    ] = "10.20.0.0/21"


class Place(Model):
    """A site with a network of its own."""

    title: Annotated[
        str | None,
        Key(
            "Tên gọi",
            "Title",
            "Tên đầy đủ của địa điểm.",
            "The site's full name.",
            "Trạm y tế xã",
        ),
    ] = Field(default=None, min_length=1, max_length=80)
    block: Annotated[
        str | None,
        Key(
            "Khối địa chỉ",
            "Address block",
            "Khối IPv4 riêng /21 của địa điểm; địa điểm đầu tiên mặc định dùng khối của «network».",
            "The site's private IPv4 block of /21; the first site uses that of «network» by default.",
            "10.20.8.0/21",
        ),
    ] = None
    link: Annotated[
        Link | None,
        Key(
            "Đường truyền",
            "Link",
            "Đường truyền Internet của địa điểm; mặc định như của xã.",
            "The site's connection to the Internet; default the commune's.",
            {"down": "20 Mbit/s", "up": "5 Mbit/s", "rtt": "80 ms"},
        ),
    ] = None
