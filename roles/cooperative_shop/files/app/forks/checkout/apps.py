"""Takes the place of Oscar's ``checkout`` application."""

from oscar.apps.checkout.apps import CheckoutConfig as OscarCheckoutConfig


class CheckoutConfig(OscarCheckoutConfig):
    """The shop's ``checkout``."""

    name = "forks.checkout"
