"""Forget what nobody needs any more: ended sessions, guests' abandoned baskets, old log-in attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils.timezone import now
from oscar.core.loading import get_model


class Command(BaseCommand):
    """``tidy``: orders are never touched."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """Delete by age."""
        month = now() - timedelta(days=30)
        Session.objects.filter(expire_date__lt=now()).delete()
        AccessAttempt.objects.filter(attempt_time__lt=month).delete()
        basket = get_model("basket", "Basket")
        basket.objects.filter(status=basket.OPEN, owner=None, date_created__lt=month).delete()
        self.stdout.write("tidy")
