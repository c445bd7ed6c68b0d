"""Takes the place of Oscar's ``shipping`` application."""

from oscar.apps.shipping.apps import ShippingConfig as OscarShippingConfig


class ShippingConfig(OscarShippingConfig):
    """The shop's ``shipping``."""

    name = "forks.shipping"
