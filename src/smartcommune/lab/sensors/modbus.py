"""A Modbus TCP server of a few devices: holding and input registers that are read (functions 3 and 4), nothing else.

Written from the public «MODBUS Messaging on TCP/IP Implementation Guide V1.0b», independently of the gateway's client.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FUNCTIONS = {3: "holding", 4: "input"}
TYPES = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, NO_SUCH_UNIT = 1, 2, 11
MOST_REGISTERS = 125
_HEADER = struct.Struct(">HHHB")

Registers = dict[tuple[int, str], dict[int, int]]  # by unit and kind, by address


def registers_of(quantity: Mapping[str, Any], value: float) -> dict[int, int]:
    """Return the registers that show a value, as the quantity's model describes them."""
    form = TYPES[quantity["type"]]
    number = (value - quantity.get("offset", 0)) / quantity.get("scale", 1)
    packed = struct.pack(form, number if form == ">f" else round(number))
    words = list(struct.unpack(f">{len(packed) // 2}H", packed))
    if quantity.get("words", "high_first") != "high_first":
        words.reverse()
    return {quantity["register"] + index: word for index, word in enumerate(words)}


def answer(registers: Registers, unit: int, request: bytes) -> bytes:
    """Return the answer of a unit to a request (without header): the registers asked for, or an exception."""
    if len(request) != 5 or (kind := FUNCTIONS.get(request[0])) is None:
        return bytes((request[0] | 0x80 if request else 0x80, ILLEGAL_FUNCTION))
    start, count = struct.unpack(">HH", request[1:])
    if not any(known == unit for known, _ in registers):
        return bytes((request[0] | 0x80, NO_SUCH_UNIT))
    held = registers.get((unit, kind), {})
    wanted = range(start, start + count)
    if not 1 <= count <= MOST_REGISTERS or not all(address in held for address in wanted):
        return bytes((request[0] | 0x80, ILLEGAL_ADDRESS))
    words = struct.pack(f">{count}H", *(held[address] for address in wanted))
    return bytes((request[0], len(words))) + words


class Server(socketserver.ThreadingTCPServer):
    """Serves the registers that ``show`` sets; counts what was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.registers: Registers = {}
        self.lock = threading.Lock()
        self.answered = 0

    def show(self, unit: int, quantity: Mapping[str, Any], value: float) -> None:
        """Let a unit show a value from now on."""
        with self.lock:
            self.registers.setdefault((unit, quantity["kind"]), {}).update(registers_of(quantity, value))

    def ask(self, unit: int, request: bytes) -> bytes:
        """Return a unit's answer, and count it."""
        with self.lock:
            self.answered += 1
            return answer(self.registers, unit, request)


class _Handler(socketserver.StreamRequestHandler):
    """One client, until it goes."""

    server: Server

    def handle(self) -> None:
        """Answer its requests one after the other."""
        with contextlib.suppress(OSError):
            while len(header := self.rfile.read(_HEADER.size)) == _HEADER.size:
                transaction, protocol, length, unit = _HEADER.unpack(header)
                if protocol != 0 or not 2 <= length <= 254:
                    return
                request = self.rfile.read(length - 1)
                said = self.server.ask(unit, request)
                self.wfile.write(_HEADER.pack(transaction, 0, len(said) + 1, unit) + said)
