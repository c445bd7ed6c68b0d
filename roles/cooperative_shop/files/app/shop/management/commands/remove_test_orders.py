"""Remove test orders (whose e-mail address ends in ``.invalid``), give their stock back, and forget their mail."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import F, Q
from oscar.core.loading import get_model

from outbox.models import Message


class Command(BaseCommand):
    """``remove_test_orders``: prints what was removed, ``unchanged`` when there was nothing."""

    help = __doc__

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        """Cancel, then delete."""
        test = Q(guest_email__endswith=".invalid") | Q(user__email__endswith=".invalid")
        orders = list(get_model("order", "Order").objects.select_for_update(of=("self",)).filter(test))
        for order in orders:
            remove(order)
        queued = [one.pk for one in Message.objects.all() if all(to.endswith(".invalid") for to in one.recipients)]
        Message.objects.filter(pk__in=queued).delete()
        AccessAttempt.objects.filter(username__endswith=".invalid").delete()
        removed = bool(orders or queued)
        self.stdout.write(f"removed {len(orders)} orders, {len(queued)} messages" if removed else "unchanged")


def remove(order: Any) -> None:
    """Give back what the order's lines hold, then delete the order with its basket, addresses and statistics."""
    records = get_model("analytics", "ProductRecord").objects
    for line in order.lines.all():
        line.cancel_allocation(line.num_allocated)
        counted = records.filter(product=line.product_id, num_purchases__gte=line.quantity)
        counted.update(num_purchases=F("num_purchases") - line.quantity)
    addresses = [order.shipping_address, order.billing_address]
    basket = order.basket
    order.delete()
    for thing in (*addresses, basket):
        if thing is not None:
            thing.delete()
