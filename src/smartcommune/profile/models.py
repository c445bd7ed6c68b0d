"""The commune profile: what a reviewed ``commune_profiles/<name>.yml`` says, as typed, frozen data.

A profile is closed: unknown keys are errors. Options of a service are described by its catalogue entry
(``roles/<service>/meta/service.yml``) and are checked there, so ``components`` holds them as plain mappings.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from smartcommune.keys import Key
from smartcommune.profile.devices import Device
from smartcommune.profile.network import Bytes, HostKind, Link, Model, Network, Place, ZoneName
from smartcommune.profile.quantities import parse_whole
from smartcommune.profile.texts import parse_distinct, parse_line
from smartcommune.text import Text

SCHEMA_VERSION = 1

ComponentName = Literal["institution", "resources", "infrastructure", "services", "production"]
COMPONENTS: tuple[ComponentName, ...] = ("institution", "resources", "infrastructure", "services", "production")
COMPONENT_TITLES: dict[ComponentName, Text] = {
    "institution": Text(vi="Thể chế thông minh", en="Smart institution"),
    "resources": Text(vi="Nguồn lực thông minh", en="Smart resources"),
    "infrastructure": Text(vi="Hạ tầng thông minh", en="Smart infrastructure"),
    "services": Text(vi="Dịch vụ thông minh", en="Smart services"),
    "production": Text(vi="Sản xuất kinh doanh thông minh", en="Smart production and business"),
}


class Commune(Model):
    """Who the profile is for."""

    code: Annotated[
        str,
        Key(
            "Mã xã",
            "Commune code",
            "Mã năm chữ số của xã, phường, đặc khu theo danh mục từ 2025-07-01, trong dấu nháy.",
            "The five-digit code of the list in force since 2025-07-01, in quotes.",
            "01969",
        ),
    ] = Field(pattern=r"^\d{5}$")
    name: Annotated[
        str,
        Key(
            "Tên xã",
            "Commune name",
            "Tên chính thức của xã, không có chữ «Xã» hay «Phường».",
            "The official name, without the words «Xã» or «Phường».",
            "Phủ Thông",
        ),
    ] = Field(min_length=1, max_length=80)
    pilot: Annotated[
        str | None,
        BeforeValidator(parse_line),
        Key(
            "Mô hình thí điểm",
            "Pilot",
            "Tên mô hình thí điểm, thường là tên xã cũ.",
            "The pilot's name, often that of the former commune.",
            "Vi Hương",
        ),
    ] = Field(default=None, max_length=80)
    languages: Annotated[
        tuple[Literal["vi", "en"], ...],
        BeforeValidator(parse_distinct),
        Key(
            "Ngôn ngữ",
            "Languages",
            "Ngôn ngữ của các trang, ngôn ngữ chính đứng đầu.",
            "Languages of the commune's pages, the main one first.",
            ["vi", "en"],
        ),
    ] = Field(default=("vi", "en"), min_length=1)
    domain: Annotated[
        str | None,
        Key(
            "Tên miền",
            "Domain",
            "Tên miền của xã; mặc định là tenxa.tentinh.gov.vn (NĐ 224/2026).",
            "The commune's domain; default tenxa.tentinh.gov.vn (decree 224/2026).",
            "phuthong.thainguyen.gov.vn",
        ),
    ] = Field(default=None, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=180)


class Host(Model):
    """A machine of the commune: memory and disk in bytes."""

    kind: Annotated[
        HostKind,
        Key(
            "Loại máy",
            "Kind",
            "server chạy các dịch vụ, gateway nối các vùng mạng.",
            "A server runs services, a gateway joins the network zones.",
            "server",
        ),
    ]
    site: Annotated[
        str,
        Key(
            "Địa điểm",
            "Site",
            "Tên ngắn của nơi đặt máy, chữ thường không dấu.",
            "Short name of the place where the machine stands, small letters without marks.",
            "ubnd",
        ),
    ] = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    zone: Annotated[
        ZoneName | None,
        Key(
            "Vùng mạng",
            "Zone",
            "Vùng mạng của máy; mặc định server cho máy chủ, edge cho cổng.",
            "The machine's network zone; default server for servers, edge for gateways.",
            "server",
        ),
    ] = None
    memory: Annotated[
        Bytes,
        Key("Bộ nhớ", "Memory", "Bộ nhớ trong của máy.", "The machine's memory.", "8 GiB"),
    ] = Field(default=8 * 1024**3, ge=256 * 1024**2, le=4 * 1024**4)
    disk: Annotated[
        Bytes,
        Key("Đĩa", "Disk", "Dung lượng đĩa của máy.", "The machine's disk.", "60 GiB"),
    ] = Field(default=60 * 1024**3, ge=4 * 1024**3, le=1024**5)


class LabTarget(Model):
    """Everything on this computer: systemd-nspawn machines on bridges."""


class ExistingHost(Model):
    """A machine that already stands in the commune, by its address."""

    address: Annotated[
        str,
        Key(
            "Địa chỉ",
            "Address",
            "Địa chỉ IPv4 mà bộ công cụ kết nối SSH tới máy.",
            "The IPv4 address by which the toolkit reaches the machine over SSH.",
            "10.20.3.10",
        ),
    ]
    port: Annotated[int, Key("Cổng SSH", "SSH port", "Cổng của SSH.", "The port of SSH.", 22)] = Field(
        default=22, ge=1, le=65535
    )
    user: Annotated[
        str,
        Key(
            "Tài khoản",
            "User",
            "Tài khoản đăng nhập bằng khóa và dùng được sudo.",
            "The account that logs in by key and may use sudo.",
            "commune",
        ),
    ] = Field(default="commune", pattern=r"^[a-z_][a-z0-9_-]{0,31}$")


class ExistingTarget(Model):
    """Machines that already stand."""

    hosts: Annotated[
        dict[str, ExistingHost],
        Key(
            "Các máy",
            "Hosts",
            "Máy nào trong «hosts» đã có sẵn, và địa chỉ của nó.",
            "Which of «hosts» stand already, and at which address.",
            {"server-1": {"address": "10.20.3.10"}},
        ),
    ] = Field(min_length=1)


class Targets(Model):
    """Where the commune can be provisioned; the first one written is the default."""

    lab: Annotated[
        LabTarget | None,
        Key(
            "Phòng thử",
            "Lab",
            "Mọi máy chạy trên chính máy tính này.",
            "All machines run on this computer.",
            {},
        ),
    ] = None
    existing: Annotated[
        ExistingTarget | None,
        Key(
            "Máy có sẵn",
            "Existing machines",
            "Các máy đã đặt tại xã.",
            "Machines that already stand in the commune.",
            {"hosts": {"server-1": {"address": "10.20.3.10"}}},
        ),
    ] = None


class Profile(Model):
    """One commune: what it is, which hosts it has, which services it chose, where it is provisioned."""

    schema_version: Annotated[
        Literal[1],
        BeforeValidator(parse_whole),
        Key("Phiên bản", "Schema version", "Phiên bản của dạng hồ sơ này.", "Version of this kind of profile.", 1),
    ] = Field(alias="schema")
    commune: Annotated[
        Commune,
        Key(
            "Xã",
            "Commune",
            "Xã mà hồ sơ này mô tả.",
            "The commune that the profile describes.",
            {"code": "01969", "name": "Phủ Thông"},
        ),
    ]
    link: Annotated[
        Link,
        Key(
            "Đường truyền",
            "Link",
            "Đường truyền Internet của xã.",
            "The commune's connection to the Internet.",
            {"down": "30 Mbit/s", "up": "10 Mbit/s", "rtt": "60 ms"},
        ),
    ]
    level: Annotated[
        Literal[1, 2, 3],
        BeforeValidator(parse_whole),
        Key(
            "Cấp độ an toàn",
            "Security level",
            "Cấp độ an toàn hệ thống thông tin mà xã được kiểm tra.",
            "Level of information security that the commune is held against.",
            2,
        ),
    ] = 2
    network: Annotated[
        Network,
        Key("Mạng", "Network", "Địa chỉ mạng của xã.", "The commune's addresses.", {"block": "10.20.0.0/21"}),
    ] = Network()
    sites: Annotated[
        dict[str, Place],
        Key(
            "Địa điểm",
            "Sites",
            "Các địa điểm có mạng riêng, nối với nhau bằng VPN; không viết thì mọi máy chung một mạng.",
            "Sites with networks of their own, joined by the VPN; left out, all hosts share one network.",
            {"ubnd": {}, "tram-y-te": {"block": "10.20.8.0/21"}},
        ),
    ] = Field(default={})
    hosts: Annotated[
        dict[str, Host],
        Key(
            "Các máy",
            "Hosts",
            "Các máy của xã, theo tên.",
            "The commune's machines by name.",
            {"server-1": {"kind": "server", "site": "ubnd"}},
        ),
    ] = Field(min_length=1)
    devices: Annotated[
        dict[str, Device],
        Key(
            "Thiết bị mạng",
            "Devices",
            "Thiết bị mạng có dòng lệnh của hãng, theo tên.",
            "Network devices with a vendor's command line, by name.",
            {"switch-1": {"platform": "huawei_vrp", "role": "access_switch", "site": "ubnd"}},
        ),
    ] = Field(default={})
    components: Annotated[
        dict[ComponentName, dict[str, dict[str, Any]]],
        Key(
            "Hợp phần",
            "Components",
            "Các dịch vụ xã chọn, theo năm hợp phần, với các tùy chọn.",
            "The services that the commune chose, by the five components, with their options.",
            {"production": {"traceability": {}}},
        ),
    ] = Field(default={})
    foundation: Annotated[
        dict[str, dict[str, Any]],
        Key(
            "Nền tảng",
            "Foundation",
            "Tùy chọn của các dịch vụ nền tảng, vốn được cài tự động.",
            "Options of foundation services, which are installed by themselves.",
            {"base": {"maintenance_hour": 2}},
        ),
    ] = Field(default={})
    targets: Annotated[
        Targets,
        Key(
            "Đích triển khai",
            "Targets",
            "Nơi triển khai; mục viết đầu tiên là mặc định.",
            "Where the commune is provisioned; the first one written is the default.",
            {"lab": {}},
        ),
    ] = Targets(lab=LabTarget())
