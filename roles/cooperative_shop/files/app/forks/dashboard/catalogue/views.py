"""Low stock alerts whose state is told in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from oscar.apps.dashboard.catalogue import views


class StockAlertListView(views.StockAlertListView):
    """Oscar's heading names the state as the database stores it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Name the state that the list is narrowed to."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        name = dict(self.model.status_choices).get(self.request.GET.get("status", ""))
        if name:
            context["description"] = _('Alerts with status "%s"') % name
        return context
