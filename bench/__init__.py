"""Measurements: each script prints its figures as one JSON document; ``python -m bench`` keeps them."""
