"""Radios and networks: choices that cannot be, and the settings that follow from country, band and number of people."""

from .checks import check
from .settings import derive

__all__ = ["check", "derive"]
