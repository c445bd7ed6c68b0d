"""The product file: CSV in, checked products out."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLUMNS = (
    "sku", "gtin", "title_vi", "title_en", "category", "price_vnd", "stock", "unit", "weight_g",
    "description_vi", "description_en", "picture",
)  # fmt: skip
PICTURES = (".jpg", ".jpeg", ".png", ".webp")


class ProductFileError(ValueError):
    """The product file cannot be taken; the message names each line."""


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product: price in đồng, weight in grams, ``picture`` a file name or the name of a drawing of the shop."""

    sku: str
    gtin: str
    title_vi: str
    title_en: str
    category: str
    price_vnd: int
    stock: int
    unit: str
    weight_g: int
    description_vi: str
    description_en: str
    picture: str


def is_gtin(text: str) -> bool:
    """Return whether ``text`` is a GTIN: 8, 12, 13 or 14 digits with the right check digit (GS1)."""
    if not text.isascii() or not text.isdigit() or len(text) not in {8, 12, 13, 14}:
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text)))
    return weighted % 10 == 0


def parse_row(row: dict[str, str]) -> ProductRow:
    """Return one product; raises ValueError with all that is wrong with it."""
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    wrong = [f"{name} is empty" for name in ("sku", "title_vi", "category", "price_vnd", "stock") if not values[name]]
    numbers: dict[str, int] = {}
    for name in ("price_vnd", "stock", "weight_g"):
        text = values.pop(name) or "0"
        if text.isascii() and text.isdigit() and len(text) <= 10:
            numbers[name] = int(text)
        else:
            wrong.append(f"{name} is not a whole number: {text!r}")
    if values["gtin"] and not is_gtin(values["gtin"]):
        wrong.append(f"gtin has a wrong check digit or length: {values['gtin']!r}")
    if "/" in values["picture"] or values["picture"].startswith("."):
        wrong.append(f"picture is a file name in the folder of the product file: {values['picture']!r}")
    if wrong:
        raise ValueError("; ".join(wrong))
    fields: dict[str, Any] = {**values, **numbers}
    return ProductRow(**fields)


def load_products(path: Path) -> list[ProductRow]:
    """Return the products of a CSV file; raises ProductFileError naming every line that is wrong."""
    with path.open(encoding="utf-8", newline="") as file:
        return read_products(file.read(), path.name)


def read_products(text: str, name: str) -> list[ProductRow]:
    """Return the products of CSV text that errors call ``name``; raises ProductFileError naming every wrong line."""
    with io.StringIO(text.removeprefix("\ufeff"), newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ProductFileError(f"{name}: columns missing: {', '.join(missing)}")
        found: list[ProductRow] = []
        wrong: list[str] = []
        for row in reader:
            try:
                found.append(parse_row(row))
            except ValueError as error:
                wrong.append(f"{name}:{reader.line_num}: {error}")
    for column in ("sku", "gtin"):
        values = [value for product in found if (value := getattr(product, column))]
        wrong += [f"{name}: {column} stands twice: {one}" for one in sorted({v for v in values if values.count(v) > 1})]
    if wrong:
        raise ProductFileError("\n".join(wrong))
    return found
