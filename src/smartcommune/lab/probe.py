"""Standing in a zone: a namespace with an address of its own on a zone's bridge, made on demand and gone afterwards.

What a phone in zone ``wifi`` reaches is found out by being one: run nmap, or open a socket, from inside.
"""

from __future__ import annotations

import ipaddress
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartcommune.lab.commands import missing_tool, run
from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import NETNS, Layout
from smartcommune.lab.namespaces import set_network_sysctl
from smartcommune.lab.network import load_zones, zone_of
from smartcommune.lab.topology import bridge_of
from smartcommune.text import Text
from smartcommune.transports import lab_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

_FIRST, _LAST = 253, 230  # host parts at the end of a zone, where the Site puts no host


@dataclass(slots=True)
class Probe:
    """A place in a zone: a context manager. ``netns`` and ``address`` are set inside it."""

    layout: Layout
    zone: str
    netns: str = ""
    address: str = ""

    def __enter__(self) -> Self:
        """Make the namespace and its link."""
        zone = zone_of(self.layout, self.zone)
        prefix = ipaddress.ip_network(zone.prefix)
        number = self._reserve()
        self.address = str(prefix.network_address + number)
        bridge = bridge_of(zone, load_zones(self.layout))
        link = f"p-{self.zone[:8]}-{number}"
        peer = ["peer", "name", link, "netns", self.layout.netns]
        try:
            run(["ip", "-n", self.netns, "link", "set", "lo", "up", "alias", str(self.layout.directory)])
            set_network_sysctl(NETNS / self.netns, {"net/ipv6/conf/default/disable_ipv6": "1"})
            run(["ip", "-n", self.netns, "link", "add", "host0", "type", "veth", *peer])
            run(["ip", "-n", self.layout.netns, "link", "set", link, "master", bridge, "up"])
            lines = [
                f"address add {self.address}/{prefix.prefixlen} dev host0",
                "link set host0 up",
                f"route add default via {zone.gateway}",
            ]
            run(["ip", "-n", self.netns, "-batch", "-"], text="\n".join(lines) + "\n")
        except LabError:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the namespace; its link goes with it."""
        self._remove()

    def _reserve(self) -> int:
        """Make a namespace whose name holds the address's last part: two probes never share one."""
        for number in range(_FIRST, _LAST, -1):
            self.netns = f"{self.layout.netns}-probe-{self.zone}-{number}"
            if (NETNS / self.netns).exists():
                continue
            try:
                run(["ip", "netns", "add", self.netns])
            except LabError:
                if (NETNS / self.netns).exists():
                    continue  # another probe was quicker
                raise
            return number
        raise LabError(
            Text(
                vi=f"Quá nhiều điểm dò trong vùng {self.zone}; chạy 'smartcommune lab clean'.",
                en=f"Too many probes in zone {self.zone}; run 'smartcommune lab clean'.",
            )
        )

    def _remove(self) -> None:
        if (NETNS / self.netns).exists():
            run(["ip", "netns", "delete", self.netns])

    def run(self, argv: Sequence[str], *, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a program as if from the zone and return how it ended; its output is text."""
        command = ["nsenter", f"--net={NETNS / self.netns}", "--", *argv]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        except FileNotFoundError as error:
            raise missing_tool("nsenter") from error

    def connect(self, address: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Return a TCP socket connected as if from the zone; raises OSError as usual."""
        return lab_socket.connect(self.netns, address, port, timeout=timeout)

    def reaches(self, address: str, port: int, *, timeout: float = 3.0) -> bool:
        """Return whether a TCP connection from the zone is accepted."""
        try:
            self.connect(address, port, timeout=timeout).close()
        except OSError:
            return False
        return True
