"""The dialects that the toolkit speaks, by their names in the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.devices.platforms.cisco_ios import CiscoIos
from smartcommune.devices.platforms.frr import Frr
from smartcommune.devices.platforms.huawei_vrp import HuaweiVrp
from smartcommune.devices.platforms.mikrotik_routeros import MikrotikRouteros

if TYPE_CHECKING:
    from smartcommune.devices.platforms.base import Platform

PLATFORMS: dict[str, Platform] = {
    platform.name: platform for platform in (CiscoIos(), Frr(), HuaweiVrp(), MikrotikRouteros())
}
