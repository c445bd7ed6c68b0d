"""Takes the place of Oscar's ``address`` application."""

from oscar.apps.address.apps import AddressConfig as OscarAddressConfig


class AddressConfig(OscarAddressConfig):
    """The shop's ``address``."""

    name = "forks.address"
