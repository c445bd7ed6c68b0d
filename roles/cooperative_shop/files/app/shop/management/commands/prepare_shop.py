"""Bring what is not products in line with the profile: site, country, and the staff's account."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.sites.models import Site
from django.core.management.base import BaseCommand
from django.db import transaction
from oscar.core.loading import get_model

from shop import config

STAFF = "nhanvien"
STAFF_APPLICATIONS = ("analytics", "catalogue", "customer", "offer", "order", "partner", "payment", "voucher")
VIET_NAM = {
    "iso_3166_1_a3": "VNM", "iso_3166_1_numeric": "704", "printable_name": "Việt Nam",
    "name": "Cộng hòa xã hội chủ nghĩa Việt Nam", "is_shipping_country": True,
}  # fmt: skip


class Command(BaseCommand):
    """``prepare_shop``, the staff's password on standard input: prints ``unchanged`` when nothing was to do."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer a dry run."""
        parser.add_argument("--check", action="store_true", help="only say what would change")

    def handle(self, *, check: bool, **options: Any) -> None:
        """Compare and correct in one transaction."""
        shop = config.load()
        with transaction.atomic():
            changed = [
                name
                for name, done in (
                    ("site", ensure(Site, {"pk": 1}, {"domain": shop.domain, "name": shop.cooperative[:50]})),
                    ("country", ensure(get_model("address", "Country"), {"iso_3166_1_a2": "VN"}, VIET_NAM)),
                    ("partner", rename_partner(shop.cooperative)),
                    ("staff", ensure_staff(sys.stdin.readline().rstrip("\n"), shop)),
                )
                if done
            ]
            transaction.set_rollback(check)
        self.stdout.write(f"changed: {', '.join(changed)}" if changed else "unchanged")


def ensure(model: Any, key: dict[str, Any], values: dict[str, Any]) -> bool:
    """Create or correct one row and return whether it changed."""
    row = model.objects.filter(**key).first()
    if row and all(getattr(row, name) == value for name, value in values.items()):
        return False
    model.objects.update_or_create(**key, defaults=values)
    return True


def rename_partner(name: str) -> bool:
    """Give the selling partner the cooperative's name and return whether it had another."""
    return bool(get_model("partner", "Partner").objects.filter(code="cooperative").exclude(name=name).update(name=name))


def ensure_staff(password: str, shop: config.Config) -> bool:
    """Make the sales staff's account what it should be and return whether it was not.

    It sells and keeps the stock, and nothing else: no superuser, no other accounts, and a password that only the
    commune's secrets hold.
    """
    group, changed = Group.objects.get_or_create(name="Nhân viên bán hàng")
    permissions = set(Permission.objects.filter(content_type__app_label__in=STAFF_APPLICATIONS))
    if set(group.permissions.all()) != permissions:
        group.permissions.set(permissions)
        changed = True
    user = get_user_model().objects.filter(username=STAFF).first() or get_user_model()(username=STAFF)
    wanted = {"email": f"{STAFF}@{shop.domain}", "is_staff": True, "is_superuser": False, "is_active": True}
    fine = user.pk and all(getattr(user, name) == value for name, value in wanted.items())
    if fine and user.check_password(password) and list(user.groups.all()) == [group]:
        return changed
    for name, value in wanted.items():
        setattr(user, name, value)
    user.set_password(password)
    user.save()
    user.groups.set([group])
    return True
