"""The shop's own pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET
from django.views.generic import TemplateView
from oscar.core.loading import get_model

from shop.communes import provinces


class HomeView(TemplateView):
    """What the cooperative sells, at a glance."""

    template_name = "shop/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the first products of the list."""
        product = get_model("catalogue", "Product")
        products = product.objects.browsable().base_queryset().order_by("pk")[:12]
        return {**super().get_context_data(**kwargs), "products": products}


@require_GET
def communes_of_province(request: HttpRequest) -> JsonResponse:
    """Return the communes of ``?province=`` as ``[[code, name], …]``."""
    found = provinces().get(request.GET.get("province", ""), ())
    answer = JsonResponse([[commune.code, commune.name] for commune in found], safe=False)
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer
