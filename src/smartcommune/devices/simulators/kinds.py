"""The simulators by platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.devices.simulators.cisco_ios import CiscoIosSimulator
from smartcommune.devices.simulators.huawei_vrp import HuaweiVrpSimulator
from smartcommune.devices.simulators.mikrotik_routeros import MikrotikRouterosSimulator

if TYPE_CHECKING:
    from smartcommune.devices.simulators.device import Simulator

SIMULATORS: dict[str, type[Simulator]] = {
    kind.platform: kind for kind in (CiscoIosSimulator, HuaweiVrpSimulator, MikrotikRouterosSimulator)
}
