"""The profile's network devices with a vendor's command line: what is declared is what gets rendered, nothing else."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from smartcommune.keys import Key
from smartcommune.profile.network import Model, ZoneName

PlatformName = Literal["cisco_ios", "frr", "huawei_vrp", "mikrotik_routeros"]
RoleName = Literal["router", "access_switch", "access_point"]
Security = Literal["open", "wpa2_wpa3", "wpa3"]

# which roles the templates of a platform know
ROLES: dict[PlatformName, tuple[RoleName, ...]] = {
    "cisco_ios": ("access_switch",),
    "frr": ("router",),
    "huawei_vrp": ("access_switch",),
    "mikrotik_routeros": ("access_point",),
}
# opened by the toolkit's SSH key: there is no password to replace, and nobody polls them
KEYED: frozenset[PlatformName] = frozenset({"frr"})


class PortNames(NamedTuple):
    """How a platform calls its ports: a regular expression for the whole name, and one of the names."""

    pattern: str
    example: str


# of platforms that have ports to declare
PORTS: dict[PlatformName, PortNames] = {
    "cisco_ios": PortNames(
        r"(FastEthernet|GigabitEthernet|TenGigabitEthernet)\d{1,2}(/\d{1,2}){1,2}", "GigabitEthernet1/0/1"
    ),
    "huawei_vrp": PortNames(
        r"(Ethernet|GigabitEthernet|XGigabitEthernet|10GE|GE)\d{1,2}(/\d{1,2}){2}", "GigabitEthernet0/0/1"
    ),
    "mikrotik_routeros": PortNames(r"(ether|sfp|sfp-sfpplus)\d{1,2}", "ether1"),
}


class DevicePort(Model):
    """A port of a switch or access point: in one zone, or with all of them on it."""

    zone: Annotated[
        ZoneName | None,
        Key(
            "Vùng mạng",
            "Zone",
            "Vùng mạng của thiết bị cắm vào cổng này.",
            "The network zone of what is plugged in here.",
            "office",
        ),
    ] = None
    trunk: Annotated[
        bool,
        Key(
            "Trung kế",
            "Trunk",
            "Cổng nối tới cổng mạng hay thiết bị khác, mang mọi vùng (VLAN).",
            "The port leads to the gateway or another device and carries all zones (VLANs).",
            example=True,
        ),
    ] = False
    enabled: Annotated[
        bool,
        Key("Mở", "Enabled", "Cổng có được mở không.", "Whether the port is switched on.", example=False),
    ] = True
    description: Annotated[
        str | None,
        Key(
            "Ghi chú",
            "Description",
            "Chữ không dấu ghi trên cổng.",
            "A note on the port, in ASCII, since devices take no other letters.",
            "Ban mot cua",
        ),
    ] = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._()/-]{0,59}$")


class DeviceSsid(Model):
    """A wireless network that an access point offers."""

    zone: Annotated[
        ZoneName,
        Key(
            "Vùng mạng",
            "Zone",
            "Vùng mạng mà người dùng Wi-Fi này vào.",
            "The network zone that its users come into.",
            "wifi",
        ),
    ]
    security: Annotated[
        Security,
        Key(
            "Bảo mật",
            "Security",
            "open không mật khẩu (chỉ ở vùng wifi), wpa3, hoặc wpa2_wpa3 cho máy cũ.",
            "open without a password (in zone wifi only), wpa3, or wpa2_wpa3 for old devices.",
            "wpa3",
        ),
    ] = "wpa3"


class Device(Model):
    """A network device with a vendor's command line."""

    platform: Annotated[
        PlatformName,
        Key(
            "Hệ lệnh",
            "Platform",
            "Dòng lệnh mà thiết bị hiểu.",
            "The command line that the device speaks.",
            "huawei_vrp",
        ),
    ]
    role: Annotated[
        RoleName,
        Key(
            "Vai trò",
            "Role",
            "Bộ định tuyến, bộ chuyển mạch hay điểm phát Wi-Fi.",
            "Whether it routes, joins the machines of a building, or offers Wi-Fi.",
            "access_switch",
        ),
    ]
    site: Annotated[
        str,
        Key(
            "Địa điểm",
            "Site",
            "Tên ngắn của nơi đặt thiết bị, như của các máy.",
            "Short name of the place where the device stands, as for hosts.",
            "ubnd",
        ),
    ] = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    zone: Annotated[
        ZoneName,
        Key(
            "Vùng mạng",
            "Zone",
            "Vùng mạng mà thiết bị được quản trị từ đó.",
            "The network zone in which the device is administered.",
            "management",
        ),
    ] = "management"
    address: Annotated[
        str | None,
        Key(
            "Địa chỉ",
            "Address",
            "Địa chỉ IPv4 của thiết bị trong vùng; mặc định từ .200 theo thứ tự khai báo.",
            "The device's IPv4 address in its zone; default from .200 in the order of declaration.",
            "10.20.6.200",
        ),
    ] = None
    port: Annotated[int, Key("Cổng SSH", "SSH port", "Cổng của SSH.", "The port of SSH.", 22)] = Field(
        default=22, ge=1, le=65535
    )
    user: Annotated[
        str,
        Key(
            "Tài khoản",
            "User",
            "Tài khoản quản trị có sẵn trên thiết bị; mật khẩu của nó được thay ở lần gặp đầu.",
            "The administrator's account on the device; its password is replaced on first contact.",
            "admin",
        ),
    ] = Field(default="admin", pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    ports: Annotated[
        dict[str, DevicePort],
        Key(
            "Các cổng",
            "Ports",
            "Cổng nào thuộc vùng nào, theo tên cổng của hãng; cổng không viết thì để nguyên.",
            "Which port belongs to which zone, by the vendor's names; a port not written is left as it is.",
            {"GigabitEthernet0/0/1": {"zone": "office"}},
        ),
    ] = Field(default={})
    ssids: Annotated[
        dict[str, DeviceSsid],
        Key(
            "Mạng Wi-Fi",
            "Wireless networks",
            "Các mạng Wi-Fi mà điểm phát phục vụ, theo tên hiển thị.",
            "The wireless networks that an access point offers, by the name that people see.",
            {"UBND xa": {"zone": "office", "security": "wpa3"}},
        ),
    ] = Field(default={})
    routes: Annotated[
        dict[str, str],
        Key(
            "Tuyến tĩnh",
            "Static routes",
            "Của bộ định tuyến: đích là khối IPv4, giá trị là địa chỉ bước kế tiếp hoặc blackhole.",
            "Of a router: to an IPv4 prefix, by the next hop's address or blackhole.",
            {"10.30.0.0/21": "10.20.6.1"},
        ),
    ] = Field(default={})
