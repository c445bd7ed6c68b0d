"""The product file: good rows in, every fault named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.shop_app import ROLES, shop

products = shop("products")
HEADER = ",".join(products.COLUMNS)
HONEY = "MAT-500,09520000000011,Mật ong,Honey,Mật ong,180000,60,chai,700,Mô tả,Text,honey-wild"


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    """Write a product file."""
    path = folder / "products.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_reads_a_product(tmp_path: Path) -> None:
    """A row becomes a product with numbers as numbers."""
    (product,) = products.load_products(write(tmp_path, HONEY))

    assert product.sku == "MAT-500"
    assert (product.price_vnd, product.stock, product.weight_g) == (180000, 60, 700)
    assert product.picture == "honey-wild"


def test_reads_a_file_with_byte_order_mark(tmp_path: Path) -> None:
    """What a spreadsheet writes is read."""
    path = tmp_path / "products.csv"
    path.write_text(f"{HEADER}\r\n{HONEY}\r\n", encoding="utf-8-sig", newline="")

    assert products.load_products(path)[0].sku == "MAT-500"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("180000", "180.000", "price_vnd is not a whole number: '180.000'"),
        ("180000", "-1", "price_vnd is not a whole number: '-1'"),
        ("180000", "", "price_vnd is empty"),
        (",60,", ",many,", "stock is not a whole number: 'many'"),
        ("MAT-500", "", "sku is empty"),
        ("09520000000011", "09520000000012", "gtin has a wrong check digit or length: '09520000000012'"),
        ("09520000000011", "123", "gtin has a wrong check digit or length: '123'"),
        ("honey-wild", "../secret", "picture is a file name in the folder of the product file: '../secret'"),
    ],
)
def test_names_the_fault(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A wrong value is named with its line."""
    with pytest.raises(products.ProductFileError) as caught:
        products.load_products(write(tmp_path, HONEY.replace(old, new, 1)))

    assert str(caught.value) == f"products.csv:2: {message}"


def test_names_all_faults_at_once(tmp_path: Path) -> None:
    """Every wrong line is named, and each number that stands twice."""
    rows = [HONEY, HONEY.replace("180000", "x"), HONEY.replace("60", "y"), HONEY]

    with pytest.raises(products.ProductFileError) as caught:
        products.load_products(write(tmp_path, *rows))

    assert str(caught.value).splitlines() == [
        "products.csv:3: price_vnd is not a whole number: 'x'",
        "products.csv:4: stock is not a whole number: 'y'",
        "products.csv: sku stands twice: MAT-500",
        "products.csv: gtin stands twice: 09520000000011",
    ]


def test_names_missing_columns(tmp_path: Path) -> None:
    """A file without all columns is refused with their names."""
    with pytest.raises(products.ProductFileError, match="columns missing: gtin, title_vi"):
        products.load_products(write(tmp_path, header=HEADER.replace("gtin,title_vi,", "")))


@pytest.mark.parametrize("gtin", ["96385074", "036000291452", "4006381333931", "09520000000011"])
def test_known_gtins(gtin: str) -> None:
    """GTINs of each length are known by their check digit."""
    assert products.is_gtin(gtin)


def test_shipped_products_are_right() -> None:
    """The sample products load, and the shop has a drawing for each."""
    found = products.load_products(ROLES.parent / "commune_profiles" / "data" / "vi-huong" / "products.csv")
    drawings = ROLES / "cooperative_shop" / "files" / "app" / "shop" / "drawings"

    assert len(found) >= 10
    assert [one.picture for one in found if not (drawings / f"{one.picture}.webp").is_file()] == []
