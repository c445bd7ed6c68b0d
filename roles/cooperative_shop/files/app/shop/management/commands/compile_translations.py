"""Compile the shop's translations (``.po``) for use (``.mo``); Django's own command needs gettext on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """``compile_translations``: part of building a release."""

    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        """Write a ``.mo`` beside each ``.po`` of ``LOCALE_PATHS``."""
        for source in sorted(path for folder in settings.LOCALE_PATHS for path in Path(folder).rglob("*.po")):
            with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(text, locale=source.parent.parent.name))
