"""The text of a VietQR transfer, as banks' applications read it (EMVCo merchant-presented QR, NAPAS profile).

Fields are ``id`` (2 digits), length (2 digits), value. Sources: EMVCo QRCPS Merchant-Presented Mode 1.1; NAPAS, "Đặc tả
kỹ thuật mã QR dịch vụ chuyển nhanh NAPAS247" 1.5.
"""

from __future__ import annotations

import re
import unicodedata

NAPAS = "A000000727"
TO_ACCOUNT = "QRIBFTTA"
DONG = "704"


def crc16(data: bytes) -> int:
    """Return the CRC-16/CCITT-FALSE of ``data`` (polynomial 0x1021, start 0xFFFF)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def field(identifier: str, value: str) -> str:
    """Return one field; raises ValueError when the value is empty or longer than 99 characters."""
    if not 1 <= len(value) <= 99:
        raise ValueError(f"field {identifier} holds 1 to 99 characters, not {len(value)}")
    return f"{identifier}{len(value):02d}{value}"


def plain(text: str, length: int) -> str:
    """Return ``text`` in upper-case ASCII letters, digits and blanks, which every bank takes, cut to ``length``."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    ascii_text = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^A-Za-z0-9 ]", " ", ascii_text).upper().split())[:length].strip()


def transfer(bank: str, account: str, amount: int, purpose: str) -> str:
    """Return the text for a transfer of ``amount`` đồng to ``account`` at the bank of NAPAS number ``bank``.

    ``purpose`` is what the buyer's bank sends along: the order's number. Raises ValueError for what no bank takes.
    """
    if not re.fullmatch(r"\d{6}", bank):
        raise ValueError(f"a NAPAS number has six digits: {bank!r}")
    if not re.fullmatch(r"[0-9A-Za-z]{1,19}", account):
        raise ValueError(f"an account has 1 to 19 letters and digits: {account!r}")
    if not 0 < amount < 10**13:
        raise ValueError(f"an amount is a positive number of đồng: {amount!r}")
    beneficiary = field("00", bank) + field("01", account)
    text = (
        field("00", "01")
        + field("01", "12")  # for one payment
        + field("38", field("00", NAPAS) + field("01", beneficiary) + field("02", TO_ACCOUNT))
        + field("53", DONG)
        + field("54", str(amount))
        + field("58", "VN")
        + field("62", field("08", plain(purpose, 25)))
        + "6304"
    )
    return f"{text}{crc16(text.encode('ascii')):04X}"


def read(text: str) -> dict[str, str]:
    """Return the fields of a QR text by identifier, nested ones as ``38.01.00``; ValueError when its CRC is wrong."""
    if text[-8:-4] != "6304" or f"{crc16(text[:-4].encode('ascii')):04X}" != text[-4:]:
        raise ValueError("the check sum does not match the text")
    return _fields(text, "")


def _fields(text: str, path: str) -> dict[str, str]:
    """Return the fields of ``text`` under ``path``, templates opened."""
    found: dict[str, str] = {}
    while text:
        identifier, length = text[:2], int(text[2:4])
        value, text = text[4 : 4 + length], text[4 + length :]
        name = path + identifier
        found |= _fields(value, name + ".") if name in {"38", "38.01", "62"} else {name: value}
    return found
