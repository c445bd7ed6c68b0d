"""Lists of products: all, of a category, and found by words with or without Vietnamese marks."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView
from oscar.core.loading import get_model

from shop.search import find

Product = get_model("catalogue", "Product")
Category = get_model("catalogue", "Category")


class CatalogueView(ListView):
    """All products."""

    context_object_name = "products"
    template_name = "oscar/catalogue/browse.html"
    paginate_by = 24

    def get_queryset(self) -> QuerySet[Any]:
        """Return what the public may see, in the order of the product file."""
        return Product.objects.browsable().base_queryset().order_by("pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the page's heading."""
        return {**super().get_context_data(**kwargs), "summary": _("All products")}


class ProductCategoryView(CatalogueView):
    """The products of a category and of those below it."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the category under its own address."""
        self.category = get_object_or_404(Category, pk=kwargs["pk"])
        if not self.category.is_public and not request.user.is_staff:
            raise Http404
        if self.category.get_absolute_url() != unquote(request.path):
            return HttpResponsePermanentRedirect(self.category.get_absolute_url())
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the category's products."""
        return super().get_queryset().filter(categories__in=self.category.get_descendants_and_self()).distinct()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the category."""
        found = super().get_context_data(**kwargs)
        return {**found, "summary": _(self.category.name), "category": self.category}


class FacetedSearchView(CatalogueView):
    """Products found by the words of ``q``."""

    def get_queryset(self) -> QuerySet[Any]:
        """Return the products found, the best first."""
        return find(super().get_queryset(), self.request.GET.get("q", ""))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what was asked."""
        query = self.request.GET.get("q", "")
        return {**super().get_context_data(**kwargs), "summary": _("Search results"), "query": query}
