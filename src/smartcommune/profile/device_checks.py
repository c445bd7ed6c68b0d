"""What a profile's devices must agree on with themselves, each other and the hosts: checked on the data as written."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import not_allowed
from smartcommune.profile.devices import PORTS, ROLES
from smartcommune.profile.names import HOST_NAME_RULE, is_host_name, is_unicast
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.document.model import Document, KeyPath

BLACKHOLE = "blackhole"
_LONGEST_SSID = 32  # bytes, IEEE 802.11
_OF_ROLE = {"ports": ("access_switch", "access_point"), "ssids": ("access_point",), "routes": ("router",)}
_CLOSED_ZONES = Text(vi="open chỉ ở vùng wifi; vùng khác cần wpa3", en="open in zone wifi only; elsewhere wpa3")


def check_devices(document: Document) -> None:
    """Check each declared device."""
    for name, device in document.mapping("devices").items():
        _check_name(document, name)
        if isinstance(device, dict):
            _check_role(document, name, device)
            _check_ports(document, name, device)
            _check_ssids(document, name)
            _check_routes(document, name)
            _check_address(document, ("devices", name, "address"), device.get("address"))


def _check_name(document: Document, name: str) -> None:
    path: KeyPath = ("devices", name)
    found = Text(vi=name, en=name)
    if not is_host_name(name):
        trap = Trap(
            "device-name",
            Text(vi=f"«{name[:60]}» không thể là tên thiết bị", en=f"«{name[:60]}» cannot be a device's name"),
            HOST_NAME_RULE,
            Text(vi="đổi tên thiết bị", en="rename the device"),
        )
        document.add(path, trap, found=found, at_key=True)
    elif name in document.mapping("hosts"):
        trap = Trap(
            "device-name-taken",
            Text(vi=f"«{name}» đã là tên của một máy", en=f"«{name}» is a host's name already"),
            Text(vi="mỗi tên một lần", en="each name once"),
            Text(vi="đổi tên thiết bị", en="rename the device"),
        )
        document.add(path, trap, found=found, related=(document.see(("hosts", name)),), at_key=True)


def _check_role(document: Document, name: str, device: dict[str, Any]) -> None:
    """The platform's templates know the role, and only keys of the role are written."""
    platform, role = device.get("platform"), device.get("role")
    allowed = ROLES.get(platform) if isinstance(platform, str) else None  # type: ignore[call-overload]
    if allowed is not None and isinstance(role, str) and role not in allowed:
        known = {each for roles in ROLES.values() for each in roles}
        if role in known:
            trap = not_allowed(list(allowed), None)._replace(
                code="device-role",
                message=Text(vi=f"{platform} không có vai trò {role}", en=f"{platform} has no role {role}"),
            )
            document.add(("devices", name, "role"), trap)
    for key, roles in _OF_ROLE.items():
        if device.get(key) and isinstance(role, str) and role not in roles:
            trap = Trap(
                "device-key",
                Text(vi=f"vai trò {role} không có «{key}»", en=f"the role {role} has no «{key}»"),
                Text(vi=f"«{key}» của {' / '.join(roles)}", en=f"«{key}» belongs to {' / '.join(roles)}"),
                Text(vi="xóa khóa này hoặc sửa vai trò", en="delete this key or correct the role"),
            )
            document.add(("devices", name, key), trap, found=Text(vi=key, en=key), at_key=True)


def _check_ports(document: Document, name: str, device: dict[str, Any]) -> None:
    platform = device.get("platform")
    names = PORTS.get(platform) if isinstance(platform, str) else None  # type: ignore[call-overload]
    for port, written in document.mapping("devices", name, "ports").items():
        path: KeyPath = ("devices", name, "ports", port)
        if names is not None and not re.fullmatch(names.pattern, port):
            trap = Trap(
                "device-port",
                Text(
                    vi=f"{platform} không có cổng tên «{port[:60]}»", en=f"{platform} has no port named «{port[:60]}»"
                ),
                Text(
                    vi=f"tên đầy đủ của hãng, ví dụ {names.example}",
                    en=f"the vendor's full name, such as {names.example}",
                ),
                Text(vi="viết tên cổng như thiết bị hiển thị", en="write the port's name as the device shows it"),
            )
            document.add(path, trap, found=Text(vi=port, en=port), at_key=True)
        if isinstance(written, dict) and bool(written.get("trunk")) == ("zone" in written):
            trap = Trap(
                "device-port-use",
                Text(vi="cổng cần hoặc một vùng, hoặc trung kế", en="a port takes either one zone or all of them"),
                Text(vi="zone: <vùng> hoặc trunk: true", en="zone: <zone> or trunk: true"),
                Text(vi="viết một trong hai", en="write one of the two"),
            )
            document.add(path, trap)


def _check_ssids(document: Document, name: str) -> None:
    for ssid, written in document.mapping("devices", name, "ssids").items():
        path: KeyPath = ("devices", name, "ssids", ssid)
        if not 0 < len(ssid.encode()) <= _LONGEST_SSID or not ssid.isprintable() or '"' in ssid or "\\" in ssid:
            trap = Trap(
                "ssid",
                Text(vi="tên mạng Wi-Fi không hợp lệ", en="this cannot be the name of a wireless network"),
                Text(vi='1–32 byte, không có dấu " và \\', en='1 to 32 bytes, without " and \\'),
                Text(vi="đặt tên ngắn hơn", en="choose a shorter name"),
            )
            document.add(path, trap, found=Text(vi=ssid, en=ssid), at_key=True)
        if isinstance(written, dict) and written.get("security") == "open" and written.get("zone") != "wifi":
            trap = Trap(
                "ssid-open",
                Text(
                    vi="mạng không mật khẩu không được vào vùng này",
                    en="a network without a password must not lead into this zone",
                ),
                _CLOSED_ZONES,
                Text(vi="viết security: wpa3", en="write security: wpa3"),
            )
            document.add((*path, "security"), trap, suggestion="wpa3")


def _check_routes(document: Document, name: str) -> None:
    for prefix, via in document.mapping("devices", name, "routes").items():
        path: KeyPath = ("devices", name, "routes", prefix)
        try:
            network = ipaddress.IPv4Network(prefix)
        except ValueError:
            suggestion = _aligned(prefix)
            trap = Trap(
                "route",
                Text(vi="không phải là một khối IPv4", en="this is not an IPv4 prefix"),
                Text(vi="một khối như 10.30.0.0/21", en="a prefix such as 10.30.0.0/21"),
                Text(vi="sửa khối địa chỉ", en="correct the prefix"),
            )
            document.add(path, trap, found=Text(vi=prefix, en=prefix), suggestion=suggestion, at_key=True)
            continue
        if via != BLACKHOLE and not (isinstance(via, str) and _is_address(via)):
            trap = Trap(
                "route-hop",
                Text(vi=f"không biết đi {network} qua đâu", en=f"there is no way to {network} by this"),
                Text(
                    vi="địa chỉ IPv4 của bước kế tiếp, hoặc blackhole", en="the next hop's IPv4 address, or blackhole"
                ),
                Text(vi="sửa bước kế tiếp", en="correct the next hop"),
            )
            document.add(path, trap, suggestion=nearest(str(via), [BLACKHOLE]))


def _check_address(document: Document, path: KeyPath, address: object) -> None:
    """A written address is one, and no other device has written it."""
    if not isinstance(address, str):
        return
    if not _is_address(address):
        trap = Trap(
            "address",
            Text(vi="không phải là địa chỉ IPv4 của một thiết bị", en="this is not a device's IPv4 address"),
            Text(vi="bốn số 0–255 có dấu chấm, ví dụ 10.20.6.200", en="four numbers 0–255 with dots, as 10.20.6.200"),
            Text(vi="sửa địa chỉ", en="correct the address"),
        )
        document.add(path, trap)
        return
    for other, device in document.mapping("devices").items():
        if other == path[1]:
            return
        if isinstance(device, dict) and device.get("address") == address:
            trap = Trap(
                "same-address",
                Text(vi="hai thiết bị có cùng địa chỉ", en="two devices have the same address"),
                Text(vi="mỗi thiết bị một địa chỉ riêng", en="an address of its own for each device"),
                Text(vi="sửa một trong hai địa chỉ", en="correct one of the two addresses"),
            )
            document.add(path, trap, related=(document.see(("devices", other, "address")),))
            return


def _is_address(text: str) -> bool:
    """Return whether a device can be reached there; a host that already stands may also be this computer."""
    return is_unicast(text) and not ipaddress.IPv4Address(text).is_loopback


def _aligned(prefix: str) -> str | None:
    try:
        return str(ipaddress.IPv4Network(prefix, strict=False))
    except ValueError:
        return None
