"""GS1 identification: GTIN check digits and Digital Link addresses. Pure functions, no Django.

Sources: GS1 General Specifications (GTIN: section 3.3.2 and check digit 7.9; AI 10, 17, 21: section 3.4 and 3.5;
character set 82: figure 7.11-1); GS1 Digital Link Standard, URI Syntax (path ``/01/…/10/…/21/…``, attributes in the
query, data percent-encoded outside RFC 3986's unreserved characters). TCVN 13274 and 13275 take these formats over.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

GTIN_LENGTHS = (8, 12, 13, 14)
MAX_COMPONENT = 20  # AI 10 and AI 21: X..20
CHARACTER_SET_82 = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")


class GS1Error(ValueError):
    """What was given is no valid GS1 identification; ``code`` names the fault for the pages' texts."""

    def __init__(self, code: str, value: str) -> None:
        super().__init__(f"{code}: {value!r}")
        self.code = code
        self.value = value


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """An address taken apart: GTIN-14, and what else it names; ``expiry`` is attribute 17."""

    gtin: str
    lot: str = ""
    serial: str = ""
    expiry: date | None = None


def check_digit(digits: str) -> str:
    """Return the GS1 modulo 10 check digit that follows ``digits``."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def normalise_gtin(text: str) -> str:
    """Return the 14-digit form of a GTIN-8, -12, -13 or -14.

    Raises GS1Error (``gtin_form`` or ``gtin_check``) when it is none or its check digit is wrong.
    """
    digits = text.strip().replace(" ", "")
    if len(digits) not in GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()):
        raise GS1Error("gtin_form", text)
    if check_digit(digits[:-1]) != digits[-1]:
        raise GS1Error("gtin_check", text)
    return digits.zfill(14)


def validate_component(value: str, code: str) -> str:
    """Return a lot or serial unchanged; raises GS1Error(``code``) outside 1 to 20 characters of GS1's set 82."""
    if not 0 < len(value) <= MAX_COMPONENT or not CHARACTER_SET_82.fullmatch(value):
        raise GS1Error(code, value)
    return value


def format_date(value: date) -> str:
    """Return YYMMDD."""
    return value.strftime("%y%m%d")


def parse_date(text: str, *, today: date) -> date:
    """Return the date that YYMMDD means today; day 00 is the month's last one.

    The century follows General Specifications 7.12: 51 to 99 years ahead is the past one, 50 or more behind the next.
    Raises GS1Error (``date``).
    """
    if not re.fullmatch(r"[0-9]{6}", text):
        raise GS1Error("date", text)
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    century = today.year - today.year % 100
    ahead = year - today.year % 100
    if ahead >= 51:
        century -= 100
    elif ahead <= -50:
        century += 100
    try:
        return date(century + year, month, day or calendar.monthrange(century + year, month)[1])
    except ValueError as error:
        raise GS1Error("date", text) from error


def build_path(link: DigitalLink) -> str:
    """Return the address's path and query: ``/01/{GTIN-14}[/10/{lot}][/21/{serial}][?17=YYMMDD]``."""
    path = f"/01/{normalise_gtin(link.gtin)}"
    if link.lot:
        path += f"/10/{quote(validate_component(link.lot, 'lot'), safe='')}"
    if link.serial:
        path += f"/21/{quote(validate_component(link.serial, 'serial'), safe='')}"
    return f"{path}?17={format_date(link.expiry)}" if link.expiry else path


def build_address(base: str, link: DigitalLink) -> str:
    """Return the whole address, ``base`` being scheme and host without a final slash."""
    return base + build_path(link)


def parse_path(path: str, query: Mapping[str, str] | str = "", *, today: date) -> DigitalLink:
    """Take a still percent-encoded path and its query apart.

    Query attributes other than 17 are none of our business and are passed over, as the standard asks of resolvers.
    Raises GS1Error (``path``, ``gtin_form``, ``gtin_check``, ``lot``, ``serial`` or ``date``).
    """
    segments = path.strip("/").split("/")
    if len(segments) % 2 or segments[0] != "01":
        raise GS1Error("path", path)
    names = segments[0::2]
    if names not in (["01"], ["01", "10"], ["01", "21"], ["01", "10", "21"]):
        raise GS1Error("path", path)
    try:
        values = dict(zip(names, (unquote(value, errors="strict") for value in segments[1::2]), strict=True))
    except UnicodeDecodeError as error:
        raise GS1Error("path", path) from error
    attributes = dict(parse_qsl(query)) if isinstance(query, str) else query
    expiry = attributes.get("17")
    return DigitalLink(
        gtin=normalise_gtin(values["01"]),
        lot=validate_component(values["10"], "lot") if "10" in values else "",
        serial=validate_component(values["21"], "serial") if "21" in values else "",
        expiry=parse_date(expiry, today=today) if expiry else None,
    )


def element_string(link: DigitalLink) -> str:
    """Return what a label prints for the eye: ``(01)…(17)…(10)…(21)…``."""
    parts = [f"(01){link.gtin}"]
    parts += [f"(17){format_date(link.expiry)}"] if link.expiry else []
    parts += [f"(10){link.lot}"] if link.lot else []
    parts += [f"(21){link.serial}"] if link.serial else []
    return "".join(parts)
