"""Bring the shop's products in line with the product file. Stock is taken from it for new products only."""

from __future__ import annotations

import hashlib
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model

from shop import config
from shop.products import PICTURES, ProductFileError, ProductRow, load_products, read_products

DRAWINGS = Path(__file__).resolve().parents[2] / "drawings"
ATTRIBUTES = (
    ("title_en", "Tên tiếng Anh", "text"),
    ("description_en", "Mô tả tiếng Anh", "text"),
    ("unit", "Đơn vị", "text"),
    ("weight_g", "Khối lượng (g)", "integer"),
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to import: where the pictures are, whether stock counts for known products, whether only to look."""

    pictures: Path
    set_stock: bool
    check: bool


class Command(BaseCommand):
    """``import_products FILE``: prints ``unchanged`` when there was nothing to do."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file, its pictures, and what to do with stock."""
        parser.add_argument("file", type=Path, help="the product file; - is standard input")
        parser.add_argument(
            "--pictures", type=Path, help="where the pictures are; beside the product file if not given"
        )
        parser.add_argument("--set-stock", action="store_true", help="take stock from the file for known products too")
        parser.add_argument("--check", action="store_true", help="only say what would change")

    def handle(self, *, file: Path, pictures: Path | None, set_stock: bool, check: bool, **options: Any) -> None:
        """Import in one transaction; raises CommandError when the file is wrong."""
        manner = Manner(pictures or file.parent, set_stock, check)
        try:
            rows = read_products(sys.stdin.read(), "-") if file == Path("-") else load_products(file)
        except (ProductFileError, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        with transaction.atomic():
            kind, partner = prepare()
            changed = [row.sku for row in rows if import_row(row, kind, partner, manner)]
            changed += withdraw({row.sku for row in rows}, partner)
            transaction.set_rollback(check)
        self.stdout.write(f"changed: {', '.join(changed)}" if changed else "unchanged")


def prepare() -> tuple[Any, Any]:
    """Return the product class with its attributes, and the cooperative as the partner who sells."""
    kind, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        slug="nong-san", defaults={"name": "Nông sản"}
    )
    for code, name, type_ in ATTRIBUTES:
        kind.attributes.get_or_create(code=code, defaults={"name": name, "type": type_, "required": False})
    partner, _ = get_model("partner", "Partner").objects.get_or_create(
        code="cooperative", defaults={"name": config.load().cooperative}
    )
    return kind, partner


def import_row(row: ProductRow, kind: Any, partner: Any, manner: Manner) -> bool:
    """Create or correct one product and return whether anything changed."""
    record = partner.stockrecords.select_related("product").filter(partner_sku=row.sku).first()
    product = (
        record.product if record else get_model("catalogue", "Product")(product_class=kind, structure="standalone")
    )
    wanted = {"title": row.title_vi, "description": row.description_vi, "upc": row.gtin or None, "is_public": True}
    changed = assign(product, wanted)
    attributes = {name: getattr(row, name) or None for name, *_rest in ATTRIBUTES}
    if not changed:
        product.attr.initialize()
    if changed or any(getattr(product.attr, name, None) != value for name, value in attributes.items()):
        for name, value in attributes.items():
            setattr(product.attr, name, value)
        product.save()
        changed = True
    category = create_from_breadcrumbs(row.category)
    if list(product.categories.all()) != [category]:
        product.categories.set([category])
        changed = True
    price = {"price": row.price_vnd, "price_currency": "VND"}
    if record is None:
        record = get_model("partner", "StockRecord")(partner=partner, product=product, partner_sku=row.sku)
        price["num_in_stock"] = row.stock
    elif manner.set_stock:
        price["num_in_stock"] = row.stock
    if assign(record, price):
        record.save()
        changed = True
    return import_picture(product, row, manner) or changed


def assign(thing: Any, values: dict[str, Any]) -> bool:
    """Set the fields and return whether any was different."""
    different = thing.pk is None or any(getattr(thing, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(thing, name, value)
    return different


def import_picture(product: Any, row: ProductRow, manner: Manner) -> bool:
    """Give the product its picture, unless it has that one, or one that staff put in; return whether it changed."""
    source = picture_file(row.picture, manner.pictures)
    if source is None:
        return False
    owner = f"{row.sku.lower()}-"
    name = f"{owner}{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}"
    image = product.images.order_by("display_order").first()
    stored = Path(image.original.name).stem if image else ""
    if stored.startswith(name) or (image and not stored.startswith(owner)):
        return False
    if manner.check:
        return True  # a transaction takes no file back
    image = image or get_model("catalogue", "ProductImage")(product=product, display_order=0)
    image.caption = row.title_vi
    with source.open("rb") as content:
        image.original.save(f"{name}{source.suffix}", File(content), save=True)
    return True


def picture_file(name: str, folder: Path) -> Path | None:
    """Return the picture beside the product file, or the shop's own drawing of that name; raises CommandError."""
    if not name:
        return None
    for path in (folder / name, DRAWINGS / f"{name}.webp"):
        if path.is_file() and path.suffix in PICTURES:
            return path
    raise CommandError(f"there is no picture {name!r} beside the product file, nor a drawing of that name")


def withdraw(known: set[str], partner: Any) -> list[str]:
    """Hide products that left the file (orders keep them) and return their numbers."""
    gone = partner.stockrecords.select_related("product").exclude(partner_sku__in=known).filter(product__is_public=True)
    for record in gone:
        record.product.is_public = False
        record.product.save(update_fields=["is_public"])
    return [f"-{record.partner_sku}" for record in gone]
