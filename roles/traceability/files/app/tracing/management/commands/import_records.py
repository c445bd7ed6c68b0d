"""``import_records``: bring the profile's lots and events in; prints what changed as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from tracing.csvfiles import CsvError
from tracing.importing import import_files
from tracing.ledger import RecordError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Import CSV files; recorded events are never edited."""

    help = "Import lots and events from CSV files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--lots", type=Path)
        parser.add_argument("--events", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")

    def handle(self, **options: Any) -> None:
        """Import and report."""
        try:
            outcome = import_files(options["lots"], options["events"], dry_run=options["dry_run"])
        except (CsvError, RecordError, OSError) as error:
            raise CommandError(str(error)) from error
        result = {
            "changed": outcome.changed,
            "lots_new": outcome.lots_new,
            "lots_amended": outcome.lots_amended,
            "events_new": outcome.events_new,
            "events_corrected": outcome.events_corrected,
            "unchanged": outcome.unchanged,
            "subjects": outcome.subjects,
        }
        self.stdout.write(json.dumps(result, ensure_ascii=False))
