"""The official list of communes in force since 2025-07-01, and the former communes that the pilots are named after.

The list is PyPI's ``vietnam-provinces`` 2025.10.1 (34 provinces, 3,321 communes). Codes are digits with leading zeros.
A new commune may carry an old unit's code, so a code alone says nothing about units before that date.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from smartcommune import paths

_COMMUNE_KINDS = ("Xã ", "Phường ", "Đặc khu ")
_PROVINCE_KINDS = ("Tỉnh ", "Thành phố ")


@dataclass(frozen=True, slots=True)
class OfficialCommune:
    """A commune of the official list; names are without «Xã», «Tỉnh» and the like."""

    code: str
    name: str
    province_code: str
    province: str


@dataclass(frozen=True, slots=True)
class FormerCommune:
    """A commune that was merged into today's ``code``."""

    old_code: str
    old_name: str
    code: str


@cache
def load_official() -> dict[str, OfficialCommune]:
    """Return today's communes by code."""
    from vietnam_provinces import Province, Ward

    provinces = {province.code: _bare(province.name, _PROVINCE_KINDS) for province in Province.iter_all()}
    return {
        f"{ward.code:05d}": OfficialCommune(
            f"{ward.code:05d}",
            _bare(ward.name, _COMMUNE_KINDS),
            f"{ward.province_code:02d}",
            provinces[ward.province_code],
        )
        for ward in Ward.iter_all()
    }


@cache
def load_former() -> dict[str, FormerCommune]:
    """Return former communes by their old code."""
    path = paths.checkout() / "commune_profiles" / "data" / "former_communes.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [FormerCommune(row["old_code"], row["old_name"], row["code"]) for row in csv.DictReader(stream)]
    return {row.old_code: row for row in rows}


def _bare(name: str, kinds: tuple[str, ...]) -> str:
    """Return a name without its kind of unit, with single blanks (some of the list's names have two)."""
    for kind in kinds:
        name = name.removeprefix(kind)
    return " ".join(name.split())
