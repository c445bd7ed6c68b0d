"""What the shop's templates need: states in the reader's language, the VietQR picture, categories, prices per unit."""

from __future__ import annotations

from typing import Any

import segno
from django import template
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from shop import payment
from shop.settings.commerce import ORDER_STATUS_NAMES

register = template.Library()


@register.filter
def status_name(status: str) -> str:
    """Return an order's status in the reader's language."""
    return str(ORDER_STATUS_NAMES.get(status, status))


@register.filter
def translated(text: str) -> str:
    """Return a name from the product file (a category, a unit) in the reader's language, where the catalogue has it."""
    return _(text) if text else ""


@register.simple_tag
def order_transfer(order: Any) -> payment.Transfer | None:
    """Return the transfer that the order asks for, or nothing."""
    return payment.transfer(order)


@register.simple_tag
def qr_picture(text: str) -> str:
    """Return ``text`` as a QR code, a PNG in a ``data:`` address: a phone can keep it for the bank's application."""
    return str(segno.make(text, error="m", micro=False).png_data_uri(scale=6, border=4))


@register.simple_tag
def shop_categories() -> Any:
    """Return the categories with products, in their order."""
    category = get_model("catalogue", "Category")
    return category.objects.browsable().filter(product__isnull=False).distinct()
