"""The kernel's sets of devices that are let out (``inet commune_wifi``), by the program ``nft``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

TABLE = "inet commune_wifi"
OUT, BACK = "accepted", "received"  # by hardware and IP address; by IP address


class TableError(Exception):
    """The kernel does not have the table, or does not take what it is told."""


@dataclass(frozen=True, order=True)
class Device:
    """A device by the addresses that its packets carry."""

    mac: str
    address: str


@dataclass(frozen=True)
class Entry:
    """A device as the kernel knows it: seconds left, and bytes up and down since it was added."""

    seconds: int
    up: int
    down: int
    whole: bool  # in both sets


def parse(listing: str) -> dict[Device, Entry]:
    """Return the devices in the output of ``nft --json list table``. Raises TableError where a set is missing."""
    sets = {
        item["set"]["name"]: [element["elem"] for element in item["set"].get("elem", [])]
        for item in json.loads(listing)["nftables"]
        if "set" in item
    }
    if not {OUT, BACK} <= sets.keys():
        raise TableError(f"table {TABLE} lacks a set")
    back = {element["val"]: element["counter"]["bytes"] for element in sets[BACK]}
    found = {}
    for element in sets[OUT]:
        mac, address = element["val"]["concat"]
        entry = Entry(element["expires"], element["counter"]["bytes"], back.get(address, 0), address in back)
        found[Device(mac, address)] = entry
    return found


def add_script(devices: dict[Device, int]) -> str:
    """Return the nft commands that let devices out for so many seconds each."""
    return "".join(
        f"add element {TABLE} {OUT} {{ {device.mac} . {device.address} timeout {seconds}s }}\n"
        f"add element {TABLE} {BACK} {{ {device.address} timeout {seconds}s }}\n"
        for device, seconds in sorted(devices.items())
    )


def remove_script(devices: Iterable[Device], *, kept: Iterable[Device] = ()) -> str:
    """Return the nft commands that let devices out no longer; adding first, so that none can be missing.

    The way back of an address stays open where a device in ``kept`` has it.
    """
    lines, stays = [], {device.address for device in kept}
    for device in sorted(devices):
        entry = f"{TABLE} {OUT} {{ {device.mac} . {device.address} }}\n"
        lines += [f"add element {entry}", f"delete element {entry}"]
        if device.address not in stays:
            entry = f"{TABLE} {BACK} {{ {device.address} }}\n"
            lines += [f"add element {entry}", f"delete element {entry}"]
    return "".join(lines)


class Table:
    """The table in this kernel."""

    def read(self) -> dict[Device, Entry]:
        """Return the devices that are let out now."""
        return parse(self._nft("--json", "list", "table", *TABLE.split()))

    def write(self, script: str) -> None:
        """Run nft commands in one transaction."""
        if script:
            self._nft("--file", "-", script=script)

    def _nft(self, *arguments: str, script: str | None = None) -> str:
        done = subprocess.run(
            ["/usr/sbin/nft", *arguments], input=script, capture_output=True, text=True, timeout=20, check=False
        )
        if done.returncode != 0:
            raise TableError(done.stderr.strip() or f"nft ended with {done.returncode}")
        return done.stdout


def neighbour(interface: str, address: str) -> str | None:
    """Return the hardware address that the kernel sees behind an address, None where it knows none."""
    done = subprocess.run(
        ["/usr/sbin/ip", "-json", "neighbour", "show", "to", address, "dev", interface],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    entries = json.loads(done.stdout or "[]") if done.returncode == 0 else []
    return next((str(entry["lladdr"]).lower() for entry in entries if "lladdr" in entry), None)
