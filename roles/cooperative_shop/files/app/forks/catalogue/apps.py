"""Takes the place of Oscar's ``catalogue`` application."""

from oscar.apps.catalogue.apps import CatalogueConfig as OscarCatalogueConfig


class CatalogueConfig(OscarCatalogueConfig):
    """The shop's ``catalogue``."""

    name = "forks.catalogue"
