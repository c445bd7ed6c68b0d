"""No search engine."""
