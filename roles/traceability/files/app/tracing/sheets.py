"""A lot's labels: what of its record goes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from .gs1 import build_address, element_string
from .labels import Label, Layout, render_labels

if TYPE_CHECKING:
    from .models import Lot


def build_label(lot: Lot) -> Label:
    """Return the lot's label."""
    dates = [
        f"{name}: {value:%d/%m/%Y}" for name, value in (("NSX", lot.produced_on), ("HSD", lot.expires_on)) if value
    ]
    return Label(
        address=build_address(settings.BASE_ADDRESS, lot.link),
        product=lot.product_vi,
        lot=f"Lô: {lot.lot}" + (f" – số {lot.serial}" if lot.serial else ""),
        dates="\n".join(dates),
        producer=f"{lot.producer}, {lot.producer_address}",
        element_string=element_string(lot.link),
        notice="LÔ THỬ NGHIỆM" if lot.is_test else "",
    )


def render_lot_labels(lot: Lot, *, copies: int, layout: Layout) -> bytes:
    """Return the PDF; raises LabelError when the address is too long for a readable symbol."""
    return render_labels(build_label(lot), copies=copies, layout=layout, made_at=timezone.now())
