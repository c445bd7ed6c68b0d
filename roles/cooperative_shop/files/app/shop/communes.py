"""Today's administrative units: 34 provinces, 3,321 communes (PyPI ``vietnam-provinces``), for addresses and fees."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, ward or special zone: five-digit code, full name, full name of its province."""

    code: str
    name: str
    province: str

    @property
    def place(self) -> str:
        """Return where it is, as within a sentence: ``xã Phủ Thông, tỉnh Thái Nguyên``."""
        return ", ".join(name[0].lower() + name[1:] for name in (self.name, self.province))


@cache
def communes() -> dict[str, Commune]:
    """Return all communes by code, in the order of the official list; raises FileNotFoundError."""
    package = importlib.util.find_spec("vietnam_provinces")  # found, not imported: its enumerations take 30 MB
    if package is None or package.origin is None:
        raise FileNotFoundError("the package vietnam-provinces is not installed")
    rows = json.loads((Path(package.origin).parent / "data" / "flat-divisions.json").read_text(encoding="utf-8"))
    return {f"{row['code']:05d}": Commune(f"{row['code']:05d}", row["name"], row["province_name"]) for row in rows}


@cache
def provinces() -> dict[str, tuple[Commune, ...]]:
    """Return the communes of each province; provinces and communes sorted as a Vietnamese reader looks them up."""
    grouped: dict[str, list[Commune]] = {}
    for commune in communes().values():
        grouped.setdefault(commune.province, []).append(commune)
    ordered = sorted(grouped, key=lambda name: sort_key(short(name)))
    return {name: tuple(sorted(grouped[name], key=lambda one: sort_key(short(one.name)))) for name in ordered}


def short(name: str) -> str:
    """Return the name without its kind: ``Tỉnh Thái Nguyên`` is ``Thái Nguyên``."""
    for kind in ("Thành phố ", "Tỉnh ", "Phường ", "Xã ", "Đặc khu "):
        if name.startswith(kind):
            return name.removeprefix(kind)
    return name


_LETTERS = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệfghiìỉĩíịjklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvwxyỳỷỹýỵz"
_ORDER = {letter: index for index, letter in enumerate(_LETTERS, start=1)}


def sort_key(name: str) -> tuple[int, ...]:
    """Return the key that sorts by the Vietnamese alphabet."""
    return tuple(_ORDER.get(letter, 0) for letter in name.lower())
