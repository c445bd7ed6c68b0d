"""Takes the place of Oscar's ``search`` application."""

from oscar.apps.search.apps import SearchConfig as OscarSearchConfig


class SearchConfig(OscarSearchConfig):
    """The shop's ``search``."""

    name = "forks.search"
