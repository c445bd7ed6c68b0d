"""The base of Oscar's own search views, whose place ``forks.search`` takes."""

from django.views.generic import ListView


class FacetedSearchView(ListView):
    """Never routed."""
