"""``staff_account``: make the one staff account and its password, read from standard input, what the role says."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Ensure the account; every other account is shut."""

    help = "Ensure the staff account with the password given on standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--username", required=True)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")

    def handle(self, **options: Any) -> None:
        """Compare and, unless on a dry run, change; prints what changed as JSON."""
        password = sys.stdin.readline().rstrip("\n")
        if len(password) < 14:
            raise CommandError("the password on standard input is shorter than 14 characters")
        changes = []
        user = User.objects.filter(username=options["username"]).first() or User(username=options["username"])
        if user.pk is None:
            changes.append("account")
        if not user.is_active or not user.is_staff or user.is_superuser:
            changes.append("rights")
        if not user.check_password(password):
            changes.append("password")
        others = User.objects.exclude(username=options["username"]).filter(is_active=True)
        changes += [f"shut {other.username}" for other in others]
        if changes and not options["dry_run"]:
            user.is_active = user.is_staff = True
            user.is_superuser = False
            if "password" in changes:
                user.set_password(password)
            user.save()
            others.update(is_active=False)
        self.stdout.write(json.dumps({"changed": changes}))
