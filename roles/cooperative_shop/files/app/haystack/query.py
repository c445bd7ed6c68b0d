"""The type of Oscar's search results."""


class SearchQuerySet:
    """Never filled."""
