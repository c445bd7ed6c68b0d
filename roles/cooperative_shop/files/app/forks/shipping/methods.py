"""Ways of delivery: collect at the cooperative, within the commune, to any other commune of Viet Nam."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping.methods import *  # noqa: F403
from oscar.apps.shipping.methods import Base, FixedPrice
from oscar.core.prices import Price

from shop import config


class PickUp(Base):
    """The buyer collects the goods; nothing to pay."""

    code = "pick-up"
    name = _("Pick up at the cooperative")

    @property
    def description(self) -> str:
        """Say where."""
        return config.load().address

    def calculate(self, basket: Any) -> Price:
        """Return no charge."""
        return FixedPrice(Decimal(0), Decimal(0)).calculate(basket)


class WithinCommune(FixedPrice):
    """Delivery by the cooperative itself, within its commune."""

    code = "commune"
    name = _("Delivery within the commune")
    description = _("By the cooperative, within a day")


class WithinCountry(FixedPrice):
    """Delivery by a carrier, to any commune of Viet Nam."""

    code = "country"
    name = _("Delivery within Viet Nam")
    description = _("By post or carrier, two to five days")
