"""Devices, secrets and simulators for the tests of everything that has to do with devices."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from pathlib import Path

from smartcommune.devices.access import Target
from smartcommune.devices.platforms import PLATFORMS
from smartcommune.devices.record import Keeper
from smartcommune.devices.render import render
from smartcommune.devices.simulators.device import Setting
from smartcommune.devices.simulators.kinds import SIMULATORS
from smartcommune.devices.simulators.server import serve
from smartcommune.site.devices import CARRIED, VLANS
from smartcommune.site.models import Device, DevicePort, Ssid, Vlan

ROLES = {
    "cisco_ios": "access_switch",
    "frr": "router",
    "huawei_vrp": "access_switch",
    "mikrotik_routeros": "access_point",
}
UPLINKS = {
    "cisco_ios": "GigabitEthernet1/0/24",
    "huawei_vrp": "GigabitEthernet0/0/24",
    "mikrotik_routeros": "ether1",
}
OTHERS = {"cisco_ios": "GigabitEthernet1/0/1", "huawei_vrp": "GigabitEthernet0/0/1", "mikrotik_routeros": "ether2"}
SECRETS = {
    "dev-1/device/password": "Password-of-ours-1",
    "dev-1/device/snmp_auth": "Authentication-key-1",
    "dev-1/device/snmp_priv": "Privacy-key-1",
    "wifi/device/ubnd-xa": "Wireless-key-1",
}
FIRST_PASSWORD = "from-the-factory"


def make_device(platform, **changes):
    """Return a device with a trunk, an access port and, for an access point, two wireless networks."""
    ports = ()
    if platform != "frr":
        trunk = DevicePort(UPLINKS[platform], "trunk", None, enabled=True, description=None)
        ports = (DevicePort(OTHERS[platform], "access", "office", enabled=True, description="Ban mot cua"), trunk)
    ssids = (
        Ssid("UBND xã", "ubnd-xa", VLANS["office"], "wpa3", "wifi/device/ubnd-xa"),
        Ssid("Wi-Fi xã", "wi-fi-xa", VLANS["wifi"], "open", None),
    )
    values = {
        "name": "dev-1",
        "platform": platform,
        "site": "ubnd",
        "zone": "management",
        "address": "10.20.6.200",
        "port": 22,
        "sources": (),
        "role": ROLES[platform],
        "user": "admin",
        "fqdn": "dev-1.example",
        "gateway": "10.20.6.1",
        "vlan": VLANS["management"],
        "vlans": tuple(Vlan(VLANS[zone], zone) for zone in CARRIED),
        "ports": ports if platform != "mikrotik_routeros" else ports[::-1],
        "ssids": ssids if platform == "mikrotik_routeros" else (),
        "routes": (("10.30.0.0/21", "10.20.6.1"), ("10.31.0.0/21", "blackhole")) if platform == "frr" else (),
        "time_server": "10.20.6.1",
        "resolver": "10.20.6.1",
        "pollers": ("10.20.3.10",) if platform != "frr" else (),
    }
    return Device(**values | changes)


def make_target(device, folder, port=22, **changes):
    """Return what is needed to work on a device, its record in ``folder``."""
    values = {
        "device": device,
        "platform": PLATFORMS[device.platform],
        "wanted": render(None, device),
        "keeper": Keeper(folder),
        "address": "127.0.0.1",
        "port": port,
        "secrets": {key.replace("dev-1", device.name): value for key, value in SECRETS.items()},
        "first_password": FIRST_PASSWORD,
    }
    return Target(**values | changes)


class Bench:
    """A place where simulators stand: a thread with an event loop."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._stood = []

    def stand(self, platform, folder: Path, **changes):
        """Return a simulator and the port of loopback that it listens on."""
        values = {
            "name": "dev-1",
            "folder": folder,
            "address": "10.20.6.200",
            "vlan": VLANS["management"],
            "gateway": "10.20.6.1",
            "user": "admin",
            "password": FIRST_PASSWORD,
        }

        async def start():
            simulator = SIMULATORS[platform](Setting(**values | changes))
            acceptor = await serve(simulator, "127.0.0.1", 0)
            self._stood.append((simulator, acceptor))
            return simulator, acceptor.get_port()

        return asyncio.run_coroutine_threadsafe(start(), self.loop).result()

    def close(self):
        """Take everything away."""

        async def stop():
            for simulator, acceptor in self._stood:
                simulator.hang_up()
                acceptor.close()
                await acceptor.wait_closed()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for _ in range(3):  # transports close in the loop's next rounds
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(stop(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextmanager
def bench():
    """Yield a bench."""
    place = Bench()
    try:
        yield place
    finally:
        place.close()
