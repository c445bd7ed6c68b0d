"""Which ways of delivery an address has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.apps.shipping import repository
from oscar.apps.shipping.methods import Base

from forks.shipping.methods import PickUp, WithinCommune, WithinCountry
from shop import config
from shop.communes import communes


class Repository(repository.Repository):
    """Pick-up always; delivery by the fee of the address's commune."""

    def get_available_shipping_methods(self, basket: Any, shipping_addr: Any = None, **kwargs: Any) -> list[Base]:
        """Return the ways for ``shipping_addr``; before there is one, a basket is shown delivery within Viet Nam."""
        shop = config.load()
        own = communes()[shop.commune_code]
        fee = Decimal(shop.fee_country)
        method: Base = WithinCountry(fee, fee)
        if shipping_addr and (shipping_addr.line4, shipping_addr.state) == (own.name, own.province):
            fee = Decimal(shop.fee_commune)
            method = WithinCommune(fee, fee)
        return [method, PickUp()]
