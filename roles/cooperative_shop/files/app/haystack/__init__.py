"""Stands in for django-haystack, a search framework that Oscar imports and this shop does not use (see forks.search).

It holds exactly the names that ``oscar.apps.search`` imports; using one as a search engine fails at once.
"""
