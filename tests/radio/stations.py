"""Stations on simulated radios: each in a network namespace of the machine, with a wpa_supplicant of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.radio.machine import Machine

CONTROL = "/run/stations"


class Station:
    """A station that tries to join a network."""

    def __init__(self, machine: Machine, interface: str) -> None:
        self.machine, self.interface = machine, interface
        self.inside = ("ip", "netns", "exec", interface)

    @property
    def log(self) -> str:
        """Where its wpa_supplicant says what happens."""
        return f"/run/{self.interface}.log"

    def status(self) -> dict[str, str]:
        """Return what wpa_supplicant says of the connection."""
        out = self.machine.run(*self._ask("status")).out
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def joins(self, attempts: int = 4) -> dict[str, str]:
        """Wait until it has joined, and return the connection's status; a failure says what both sides said.

        An emulated processor may take longer over the first keys than mac80211 waits before it asks to be associated
        again, which starts the handshake anew on one side only: such a station tries once more, as a person would.
        """
        for attempt in range(attempts):
            with contextlib.suppress(AssertionError):
                self.machine.wait(*self._ask("status"), pattern="wpa_state=COMPLETED", seconds=25)
                return self.status()
            if attempt < attempts - 1:
                self.machine.check(*self._ask("disconnect"))
                self.machine.check(*self._ask("reconnect"))
        said = self.machine.run("tail", "-n", "60", self.log).out
        heard = self.machine.run("journalctl", "--no-pager", "-n", "40", "-u", "commune-radi*").out
        raise AssertionError(f"{self.interface} does not join:\n{said}\n{heard}")

    def disconnections(self) -> int:
        """Return how often it was thrown out, or left."""
        return self.machine.check("cat", self.log).count("CTRL-EVENT-DISCONNECTED")

    def is_refused(self, pattern: str, seconds: float = 90) -> bool:
        """Wait until its log has a refusal; return whether it has never been in till then."""
        out = self.machine.wait("cat", self.log, pattern=pattern, seconds=seconds)
        return "CTRL-EVENT-CONNECTED" not in out and self.status().get("wpa_state") != "COMPLETED"

    def has_address(self, address: str) -> None:
        """Give it an address in its zone."""
        self.machine.check(*self.inside, "ip", "address", "replace", f"{address}/24", "dev", self.interface)

    def reaches(self, address: str) -> bool:
        """Return whether somebody answers a ping."""
        return self.machine.run(*self.inside, "ping", "-c3", "-i0.3", "-W3", address).code == 0

    def _ask(self, word: str) -> tuple[str, ...]:
        return (*self.inside, "wpa_cli", "-p", CONTROL, "-i", self.interface, word)


@contextlib.contextmanager
def station(machine: Machine, interface: str, network: str) -> Iterator[Station]:
    """Start a station for one ``network`` block of wpa_supplicant; it is gone at the end."""
    made = Station(machine, interface)
    path = f"/run/{interface}.conf"
    machine.check("mkdir", "-p", CONTROL)
    machine.run("rm", "-f", made.log)
    machine.write(path, f"ctrl_interface={CONTROL}\ncountry=VN\nsae_pwe=1\nnetwork={{\n{network}\n}}\n", "0600")
    pid = f"/run/{interface}.pid"
    started = ("wpa_supplicant", "-B", "-d", "-t", "-i", interface, "-c", path, "-f", made.log, "-P", pid)
    machine.check(*made.inside, *started)
    try:
        yield made
    finally:
        machine.run(*made._ask("terminate"))
        machine.wait("sh", "-c", f"test -e {pid} || echo gone", pattern="gone", seconds=30)
        machine.run(*made.inside, "ip", "address", "flush", "dev", interface)
