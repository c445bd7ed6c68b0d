"""A station: a throw-away client in a zone, as a phone or a visitor's laptop is one, for as long as a block lasts.

It has a network namespace and a hardware address of its own. Its address comes from a real DHCP client, or is static.
It runs programs of this computer, which ask the station's name servers and know nothing of this computer's network.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import smartcommune
from smartcommune.lab import background, network, place
from smartcommune.lab.commands import missing_tool
from smartcommune.lab.errors import LabError, LabUsageError
from smartcommune.lab.layout import MARK_VARIABLE, NETNS, Layout, load_json, write_json
from smartcommune.text import Text
from smartcommune.transports import lab_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from smartcommune.site.models import Zone

_SOURCE = Path(smartcommune.__file__).resolve().parents[1]
_BECOME = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from smartcommune.lab import visit; sys.exit(visit.main(sys.argv[2:]))"
)
_HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
_OPTIONS = ("hostname", "ntpsrv", "search", "114")  # 114: the captive portal's address (RFC 8910)


@dataclass(frozen=True, slots=True)
class StationState:
    """A station that is there: its name, place, and the addresses it has now (``address`` empty without a lease)."""

    name: str
    site: str
    zone: str
    address: str
    hardware_address: str


@dataclass(slots=True)
class Station:
    """A client in ``zone``: a context manager. ``netns`` and ``address`` are set inside it.

    ``dhcp`` None: by DHCP where a host routes the zone, else static. ``wanted`` is the static address asked for, and
    may lie outside the zone. ``timeout`` (seconds) is how long a lease is waited for.
    """

    layout: Layout
    zone: str
    site: str | None = None
    dhcp: bool | None = None
    wanted: str | None = None
    hardware_address: str = ""
    timeout: float = 15.0
    netns: str = ""
    address: str = ""
    _started: list[subprocess.Popen[str]] = field(default_factory=list, repr=False)

    def __enter__(self) -> Self:
        """Make the namespace and its link, and have an address; raises LabError when no lease comes."""
        zone = network.zone_of(self.layout, self.zone, self.site)
        self.site, self.hardware_address = zone.site, _checked(self.hardware_address, self.wanted)
        by_dhcp = self.wanted is None and (zone.router is not None if self.dhcp is None else self.dhcp)
        self.netns, self.address = place.reserve(self.layout, zone, "" if by_dhcp else self.wanted)
        try:
            self._furnish(zone)
            place.connect(self.layout, self.netns, zone, self.hardware_address, self.address)
            if by_dhcp:
                self._ask()
            else:
                place.configure(self.netns, zone, self.address)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs in it, and remove it."""
        self._remove()

    @property
    def name(self) -> str:
        """What it is called in lists: the end of its namespace's name."""
        return self.netns.removeprefix(f"{self.layout.netns}-")

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.layout.stations / self.name

    @property
    def lease(self) -> dict[str, str]:
        """What the DHCP server said, by udhcpc's names (``ip``, ``router``, ``dns``, ``domain``, ``lease``…)."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder / "lease").read_text().splitlines()
            return {key: value for key, _, value in (line.partition("=") for line in lines) if key.islower()}
        return {}

    @property
    def resolvers(self) -> tuple[str, ...]:
        """The name servers that programs in it ask."""
        lines = (self.folder / "resolv.conf").read_text().splitlines()
        return tuple(line.split()[1] for line in lines if line.startswith("nameserver "))

    def argv(self, argv: Sequence[str]) -> tuple[str, ...]:
        """Return the command line that runs a program in the station."""
        become = (sys.executable, "-S", "-B", "-c", _BECOME, str(_SOURCE))
        return (*become, str(NETNS / self.netns), str(self.folder), *argv)

    @property
    def environment(self) -> dict[str, str]:
        """What its programs find in their environment: the station's mark, and no proxy of this computer."""
        own = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        return own | {MARK_VARIABLE: self.mark}

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the station and return how it ended; its output is text."""
        return subprocess.run(
            self.argv(argv),
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, argv: Sequence[str], *, output: int | IO[Any] = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start a program in the station, its output to where is said; it ends with the station at the latest."""
        program = subprocess.Popen(
            self.argv(argv),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(program)
        return program

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

    @property
    def mark(self) -> str:
        """What its programs carry in their environment."""
        return self.layout.mark("station", self.name)

    def _furnish(self, zone: Zone) -> None:
        """Make its files: where a host routes, that host is the zone's name server unless a lease says otherwise."""
        self.folder.mkdir(parents=True)
        resolver = f"nameserver {zone.gateway}\n" if zone.router and self.address else ""
        (self.folder / "resolv.conf").write_text(resolver)
        (self.folder / "hosts").write_text(_HOSTS)
        for path in (self.folder, self.folder / "resolv.conf", self.folder / "hosts"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # programs of any user read them, whatever the umask
        write_json(self.folder / "station.json", {"site": zone.site, "zone": zone.name})

    def _ask(self) -> None:
        """Run the DHCP client, which stays to renew the lease, and wait for the first one."""
        if shutil.which("udhcpc") is None:
            raise missing_tool("udhcpc")
        script = str(Path(__file__).with_name("lease.sh"))
        argv = ["udhcpc", "-f", "-i", place.LINK, "-s", script, "-x", f"hostname:{self.name}"]
        argv += ["-t", str(max(1, round(self.timeout))), "-T", "1"]
        argv += [word for option in _OPTIONS for word in ("-O", option)]
        with (self.folder / "log").open("wb") as log:
            client = subprocess.Popen(
                ["nsenter", f"--net={NETNS / self.netns}", "--", *argv],
                env={"PATH": os.environ["PATH"], "STATION": str(self.folder), MARK_VARIABLE: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the program in the station
                text=True,
            )
        self._started.append(client)
        end = time.monotonic() + self.timeout
        while not (lease := self.lease):
            if time.monotonic() > end or client.poll() is not None:
                raise self._unanswered()
            time.sleep(0.02)
        self.address = lease["ip"]

    def _unanswered(self) -> LabError:
        log = background.tail(self.folder / "log")
        return LabError(
            Text(
                vi=f"không có máy chủ DHCP nào trả lời trong vùng {self.zone}:\n{log}",
                en=f"no DHCP server answers in zone {self.zone}:\n{log}",
            ),
            todo=Text(
                vi="áp dụng hồ sơ để cổng mạng chạy, hoặc cho trạm một địa chỉ: --address",
                en="apply the profile so that the gateway runs, or give the station an address: --address",
            ),
        )

    def _remove(self) -> None:
        place.end_programs(self.netns, self.mark)
        for program in self._started:
            program.wait()
        self._started.clear()
        place.remove(self.netns)
        if self.folder.exists():
            shutil.rmtree(self.folder)


def remove_all(layout: Layout) -> None:
    """Remove all stations and visitors of a lab, with what runs in them."""
    for netns in place.names(layout, place.STATION):
        place.end_programs(netns, layout.mark("station", netns.removeprefix(f"{layout.netns}-")))
    for netns in (*place.names(layout, place.STATION), *place.names(layout, place.VISITOR)):
        place.remove(netns)
    if layout.stations.exists():
        shutil.rmtree(layout.stations)


def load_stations(layout: Layout) -> tuple[StationState, ...]:
    """Return the stations that are there now, of any process."""
    found = []
    for netns in place.names(layout, place.STATION):
        name = netns.removeprefix(f"{layout.netns}-")
        about = load_json(layout.stations / name / "station.json")
        if about is None:
            continue  # just being made or removed
        with contextlib.suppress(LabError):
            address, hardware_address = place.shown_address(netns)
            found.append(StationState(name, about["site"], about["zone"], address, hardware_address))
    return tuple(found)


def _checked(hardware_address: str, wanted: str | None) -> str:
    """Return the hardware address, a random one without; raises LabUsageError for what is no address."""
    if wanted is not None:
        try:
            ipaddress.IPv4Address(wanted)
        except ValueError as error:
            raise _no_address(wanted, "10.20.4.200") from error
    if not hardware_address:
        return f"02:{secrets.token_bytes(5).hex(':')}"
    parts = hardware_address.lower().replace("-", ":").split(":")
    try:
        whole = bytes.fromhex("".join(parts))
    except ValueError as error:
        raise _no_address(hardware_address, "02:00:00:00:00:07") from error
    if len(parts) != 6 or len(whole) != 6 or whole[0] & 1 or not any(whole):  # the kernel takes no group address
        raise _no_address(hardware_address, "02:00:00:00:00:07")
    return whole.hex(":")


def _no_address(found: str, example: str) -> LabUsageError:
    return LabUsageError(
        Text(vi=f"{found!r} không phải là một địa chỉ", en=f"{found!r} is not an address"),
        todo=Text(vi=f"viết như: {example}", en=f"write it like: {example}"),
    )
