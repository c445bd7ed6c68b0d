"""Measurements: each script ``bench/<name>.py`` prints its figures as one JSON document; ``python -m bench`` keeps them."""
