"""The error that Oscar expects when a search engine is missing."""


class MissingDependency(Exception):  # noqa: N818 - haystack's own name
    """A search engine is not installed."""
