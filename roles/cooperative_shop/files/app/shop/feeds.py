"""The product feed that fan pages and marketplaces import: RSS 2.0 with Google's ``g:`` names, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.html import strip_tags
from django.utils.translation import override
from django.views.decorators.http import require_GET
from oscar.apps.partner.strategy import Selector
from oscar.core.loading import get_model

from shop import config

GOOGLE = "http://base.google.com/ns/1.0"
register_namespace("g", GOOGLE)


def offers(request: HttpRequest) -> Iterator[dict[str, str]]:
    """Yield each public product as a row of the feed, in Vietnamese."""
    shop = config.load()
    strategy = Selector().strategy(request=request)
    for product in get_model("catalogue", "Product").objects.browsable().base_queryset().order_by("pk"):
        info = strategy.fetch_for_product(product)
        if not info.price.exists:
            continue
        image = product.primary_image()
        picture = image.original.url if hasattr(image, "pk") else static("shop/logo.svg")
        category = product.get_categories().first()
        yield {
            "id": info.stockrecord.partner_sku,
            "title": product.title,
            "description": " ".join(strip_tags(product.description).split()) or product.title,
            "link": request.build_absolute_uri(product.get_absolute_url()),
            "image_link": request.build_absolute_uri(picture),
            "availability": "in_stock" if info.availability.is_available_to_buy else "out_of_stock",
            "price": f"{int(info.price.incl_tax)} VND",
            "condition": "new",
            "brand": shop.cooperative,
            "gtin": product.upc or "",
            "identifier_exists": "yes" if product.upc else "no",
            "product_type": category.name if category else "",
            "shipping_weight": f"{product.attr.weight_g} g" if getattr(product.attr, "weight_g", None) else "",
            "shipping": f"VN:::{shop.fee_country} VND",
        }


@require_GET
def rss(request: HttpRequest) -> HttpResponse:
    """Return the feed as RSS 2.0."""
    shop = config.load()
    with override("vi"):
        root = Element("rss", {"version": "2.0"})
        channel = SubElement(root, "channel")
        for name, text in (("title", shop.cooperative), ("link", request.build_absolute_uri("/"))):
            SubElement(channel, name).text = text
        SubElement(channel, "description").text = f"Sản phẩm của {shop.cooperative}"
        for row in offers(request):
            add_item(channel, row)
    return answer(tostring(root, encoding="utf-8", xml_declaration=True), "application/rss+xml; charset=utf-8")


def add_item(channel: Element, row: dict[str, str]) -> None:
    """Add one product to the channel."""
    item = SubElement(channel, "item")
    for name, text in row.items():
        if name == "shipping":
            shipping = SubElement(item, f"{{{GOOGLE}}}shipping")
            SubElement(shipping, f"{{{GOOGLE}}}country").text = "VN"
            SubElement(shipping, f"{{{GOOGLE}}}price").text = text.removeprefix("VN:::")
        elif text:
            SubElement(item, f"{{{GOOGLE}}}{name}").text = text


@require_GET
def csv_file(request: HttpRequest) -> HttpResponse:
    """Return the feed as CSV, with a byte order mark for spreadsheets."""
    with override("vi"):
        rows = list(offers(request))
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return answer(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8")


def answer(content: Any, content_type: str) -> HttpResponse:
    """Return a feed that importers may keep for a quarter of an hour."""
    return HttpResponse(content, content_type=content_type, headers={"Cache-Control": "public, max-age=900"})
