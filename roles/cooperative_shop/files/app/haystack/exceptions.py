"""The error that Oscar expects when a search engine is missing."""


class MissingDependency(Exception):
    """A search engine is not installed."""
