"""Tells Oscar, in haystack's way, that there is no Whoosh."""

from haystack.exceptions import MissingDependency

raise MissingDependency("the shop searches in memory")
