#!/usr/bin/python3
"""Watch the ways to the Internet: while the first is dead everything goes by the next one, and back once it lives.

A way lives when something behind it answers, by ping or by name service; carrier alone proves nothing. The change is
one more default route before all others (metric 50), so a watcher that ends leaves the machine with its own routes.
Connections follow: the kernel drops the address translation of those whose way out changed.
"""

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METRIC, PROTOCOL = "50", "201"
STATE = Path("/run/commune-uplinks/state.json")
ECHO_REQUEST, ECHO_REPLY = 8, 0


@dataclass
class Uplink:
    """One way out: its link, what has to answer behind it (none: the next router), and how it fares (None: unknown)."""

    name: str
    probes: list[str]
    alive: bool | None = None
    streak: int = 0  # answers in a row while it counts as dead, silences while it counts as alive


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo_request(identity: int) -> bytes:
    """Return an ICMP echo request."""
    data = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, identity, 1)
    return data[:2] + struct.pack("!H", checksum(data)) + data[4:]


def name_query(identity: int) -> bytes:
    """Return a DNS query for the servers of the root."""
    return struct.pack("!HHHHHH", identity, 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack("!HH", 2, 1)


def is_answer(packet: bytes, sender: str, identity: int, targets: list[str], *, ping: bool) -> bool:
    """Return whether a packet answers what was asked of ``targets``; ``ping`` packets have their IP header."""
    if sender not in targets:
        return False
    if not ping:
        return len(packet) >= 12 and packet[:2] == struct.pack("!H", identity)
    body = packet[(packet[0] & 15) * 4 :]
    return len(body) >= 8 and body[0] == ECHO_REPLY and body[4:6] == struct.pack("!H", identity)


def has_answer(link: str, targets: list[str], *, names: bool, timeout: float) -> bool:
    """Return whether one of ``targets`` answers over ``link`` in time; with ``names`` by name service too."""
    identity = secrets.randbelow(1 << 16)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ping,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query,
    ):
        asked = 0
        for asking in (ping, query):
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
        for target in targets:
            with contextlib.suppress(OSError):
                asked += bool(ping.sendto(echo_request(identity), (target, 0)))
            if names:
                with contextlib.suppress(OSError):
                    asked += bool(query.sendto(name_query(identity), (target, 53)))
        end = time.monotonic() + timeout
        while asked and (left := end - time.monotonic()) > 0:
            for heard in select.select([ping, query], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    packet, (sender, _) = heard.recvfrom(2048)
                    if is_answer(packet, sender, identity, targets, ping=heard is ping):
                        return True
    return False


def note(uplink: Uplink, limits: dict[str, Any], *, answered: bool) -> bool:
    """Count one more answer or silence; return whether the uplink's state turned. The first of all is believed."""
    if uplink.alive is None:
        uplink.alive = answered
        return not answered
    uplink.streak = uplink.streak + 1 if answered != uplink.alive else 0
    if uplink.streak < limits["successes" if answered else "failures"]:
        return False
    uplink.alive, uplink.streak = answered, 0
    return True


def choose(uplinks: list[Uplink]) -> Uplink:
    """Return the first uplink that lives, the very first when none does."""
    return next((uplink for uplink in uplinks if uplink.alive), uplinks[0])


def default_route(link: str) -> str | None:
    """Return the next router on ``link``, None while it has no default route."""
    asked = ["ip", "-json", "-4", "route", "show", "default", "dev", link]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False)
    routes = json.loads(shown.stdout or "[]")
    return next((route.get("gateway") for route in routes if str(route.get("metric")) != METRIC), None)


def steer(uplinks: list[Uplink], chosen: Uplink) -> None:
    """Lay the route that sends everything by ``chosen``, or take it away when that is where it goes by itself."""
    first = ["default", "metric", METRIC, "proto", PROTOCOL]
    gateway = default_route(chosen.name)
    if chosen is uplinks[0] or gateway is None:
        subprocess.run(["ip", "route", "delete", *first], capture_output=True, check=False)
    else:
        subprocess.run(["ip", "route", "replace", *first, "via", gateway, "dev", chosen.name], check=False)


def tell(uplinks: list[Uplink], chosen: Uplink) -> None:
    """Write what is known for others to read, in one step."""
    draft = STATE.with_suffix(".new")
    draft.write_text(json.dumps({"active": chosen.name, "alive": {each.name: each.alive for each in uplinks}}))
    draft.replace(STATE)


def notify(text: str) -> None:
    """Tell systemd."""
    if address := os.environ.get("NOTIFY_SOCKET", ""):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.sendto(text.encode(), "\0" + address[1:] if address[0] == "@" else address)


def main(path: str) -> None:
    """Probe, decide and steer until told to end."""
    settings = json.loads(Path(path).read_text())
    uplinks = [Uplink(**each) for each in settings["uplinks"]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    active, rounds = None, 0
    while True:
        started = time.monotonic()
        for uplink in uplinks:
            idle = uplink not in (uplinks[0], active) and uplinks[0].alive and not uplinks[0].streak
            if idle and rounds % settings["idle_rounds"]:
                continue  # a standby link may be paid by the megabyte
            router = default_route(uplink.name)
            targets, names = (uplink.probes, True) if uplink.probes else ([router] if router else [], False)
            answered = router is not None and has_answer(uplink.name, targets, names=names, timeout=settings["timeout"])
            if note(uplink, settings, answered=answered):
                print(
                    f"{uplink.name}: {'answers again' if answered else 'no answer'} ({', '.join(targets)})", flush=True
                )
        chosen = choose(uplinks)
        steer(uplinks, chosen)
        tell(uplinks, chosen)
        if chosen is not (active or uplinks[0]):
            print(f"everything goes by {chosen.name}", flush=True)
        active, rounds = chosen, rounds + 1
        notify("READY=1\nWATCHDOG=1")
        time.sleep(max(0.0, settings["interval"] - (time.monotonic() - started)))


if __name__ == "__main__":
    main(sys.argv[1])
