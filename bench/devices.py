"""Fifty devices at once, beside a plain loop over them with Netmiko, in one run.

``python bench/devices.py [--devices 50] [--latency 0.05]`` stands simulators of three platforms in a process of their
own, each of which thinks ``latency`` seconds about a command, and prints one JSON document: seconds for reading all
devices and for changing all of them, by the plain loop (log in, show the configuration, send the lines, save) and by
the toolkit, whose change is armed, verified over a second connection and confirmed as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from netmiko import ConnectHandler

from smartcommune.devices.access import Target
from smartcommune.devices.fleet import DeviceResult, change_all, look_all
from smartcommune.devices.platforms import PLATFORMS
from smartcommune.devices.record import Keeper
from smartcommune.devices.render import render
from smartcommune.devices.simulators.device import Setting
from smartcommune.devices.simulators.kinds import SIMULATORS
from smartcommune.devices.simulators.server import serve
from smartcommune.site.devices import CARRIED, VLANS
from smartcommune.site.models import Device, DevicePort, Vlan

PASSWORD = "Password-of-the-bench"
KINDS = ("huawei_vrp", "cisco_ios", "mikrotik_routeros")
PORTS = {
    "huawei_vrp": ("GigabitEthernet0/0/1", "GigabitEthernet0/0/24"),
    "cisco_ios": ("GigabitEthernet1/0/1", "GigabitEthernet1/0/24"),
    "mikrotik_routeros": ("ether2", "ether1"),
}
# what the plain loop types: show, change, each as one would by hand
SHOW = {
    "huawei_vrp": "display current-configuration",
    "cisco_ios": "show running-config",
    "mikrotik_routeros": "/export terse",
}
CHANGE = {
    "huawei_vrp": ["interface GigabitEthernet0/0/1", "description by hand", "quit"],
    "cisco_ios": ["interface GigabitEthernet1/0/1", "description by hand", "exit"],
    "mikrotik_routeros": ["/ip dns set servers=10.20.6.9"],
}


async def stand(count: int, latency: float, folder: Path) -> None:
    """Serve the simulators and tell their ports; ends with standard input."""
    ports = []
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        setting = Setting(
            name=f"dev-{index}",
            folder=folder / str(index),
            address="10.20.6.200",
            vlan=VLANS["management"],
            gateway="10.20.6.1",
            user="admin",
            password=PASSWORD,
            latency=latency,
            variant="one-phase" if kind == "huawei_vrp" else "",
        )
        ports.append((await serve(SIMULATORS[kind](setting), "127.0.0.1", 0)).get_port())
    print(json.dumps(ports), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def make_target(index: int, port: int, folder: Path, description: str) -> Target:
    """Return one device whose access port bears this description."""
    kind = KINDS[index % len(KINDS)]
    access, trunk = PORTS[kind]
    ports = (
        DevicePort(access, "access", "office", enabled=True, description=description),
        DevicePort(trunk, "trunk", None, enabled=True, description=None),
    )
    device = Device(
        name=f"dev-{index}",
        platform=kind,
        site="ubnd",
        zone="management",
        address="10.20.6.200",
        port=port,
        sources=(),
        role="access_point" if kind == "mikrotik_routeros" else "access_switch",
        gateway="10.20.6.1",
        vlan=VLANS["management"],
        vlans=tuple(Vlan(VLANS[zone], zone) for zone in CARRIED),
        ports=ports if kind != "mikrotik_routeros" else ports[::-1],
        resolver="10.20.6.1" if description != "second" else "10.20.6.2",
        time_server=None,
    )
    return Target(
        device=device,
        platform=PLATFORMS[kind],
        wanted=render(None, device),  # type: ignore[arg-type]
        keeper=Keeper(folder / f"record-{index}"),
        address="127.0.0.1",
        port=port,
        secrets={f"dev-{index}/device/password": PASSWORD},
        first_password=PASSWORD,
    )


def plainly(targets: list[Target], *, change: bool) -> float:
    """Return the seconds of the loop that one writes with Netmiko's examples."""
    began = time.perf_counter()
    for target in targets:
        kind = target.device.platform
        connection = ConnectHandler(
            device_type=target.platform.device_type,
            host="127.0.0.1",
            port=target.port,
            username="admin",
            password=PASSWORD,
        )
        connection.send_command(SHOW[kind], expect_string=target.platform.prompt)
        if change:
            if kind == "mikrotik_routeros":
                for line in CHANGE[kind]:
                    connection.send_command(line, expect_string=target.platform.prompt)
            else:
                connection.send_config_set(CHANGE[kind])
                connection.save_config()
        connection.disconnect()
    return time.perf_counter() - began


def measured(results: tuple[DeviceResult, ...], state: str) -> None:
    """Raise when a device did not end as it has to: what failed is no measure."""
    wrong = [f"{each.device}: {each.state} {each.message}" for each in results if each.state != state]
    if wrong:
        raise RuntimeError("\n".join(wrong[:5]))


def run(count: int, latency: float) -> dict[str, object]:
    """Stand, measure, take away."""
    with tempfile.TemporaryDirectory(prefix="smartcommune-bench-") as name:
        folder = Path(name)
        argv = [sys.executable, __file__, "--serve", name, "--devices", str(count), "--latency", str(latency)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            if process.stdout is None or process.stdin is None:
                raise RuntimeError("no pipes")
            ports = json.loads(process.stdout.readline())
            try:
                return measure(count, latency, ports, folder)
            finally:
                process.stdin.close()


def measure(count: int, latency: float, ports: list[int], folder: Path) -> dict[str, object]:
    """Return the figures."""
    first = [make_target(index, port, folder, "first") for index, port in enumerate(ports)]
    second = [replace(make_target(each, port, folder, "second")) for each, port in enumerate(ports)]
    figures: dict[str, float] = {}
    clock = time.perf_counter()
    measured(change_all(first), "changed")
    figures["toolkit_first_configuration"] = time.perf_counter() - clock
    figures["plain_read"] = plainly(first, change=False)
    clock = time.perf_counter()
    measured(look_all(first), "unchanged")
    figures["toolkit_read"] = time.perf_counter() - clock
    clock = time.perf_counter()
    measured(change_all(second), "changed")
    figures["toolkit_change"] = time.perf_counter() - clock
    figures["plain_change"] = plainly(second, change=True)
    return {
        "devices": count,
        "simulators": list(KINDS),
        "latency": latency,
        "seconds": {name: round(value, 2) for name, value in figures.items()},
        "ratios": {
            "read": round(figures["plain_read"] / figures["toolkit_read"], 1),
            "change": round(figures["plain_change"] / figures["toolkit_change"], 1),
        },
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> int:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that a simulator thinks")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(stand(arguments.devices, arguments.latency, arguments.serve))
        return 0
    print(json.dumps(run(arguments.devices, arguments.latency), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
