"""``write_labels``: write a lot's labels as PDF to a file or to standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from django.core.management.base import BaseCommand, CommandError

from tracing.gs1 import GS1Error, normalise_gtin
from tracing.labels import COLUMNS, ROWS, LabelError, Layout
from tracing.models import Lot
from tracing.sheets import render_lot_labels

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Write labels."""

    help = "Write a lot's QR labels as PDF."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("gtin")
        parser.add_argument("lot")
        parser.add_argument("--serial", default="")
        parser.add_argument("--layout", choices=get_args(Layout), default="sheet")
        parser.add_argument("--copies", type=int, default=COLUMNS * ROWS)
        parser.add_argument("--out", type=Path, help="file; standard output when left out")

    def handle(self, **options: Any) -> None:
        """Find the lot and write."""
        try:
            lot = Lot.objects.get(gtin=normalise_gtin(options["gtin"]), lot=options["lot"], serial=options["serial"])
            pdf = render_lot_labels(lot, copies=options["copies"], layout=options["layout"])
        except Lot.DoesNotExist as error:
            raise CommandError(f"lot {options['gtin']}/{options['lot']} is not recorded") from error
        except (GS1Error, LabelError) as error:
            raise CommandError(str(error)) from error
        if options["out"]:
            options["out"].write_bytes(pdf)
        else:
            sys.stdout.buffer.write(pdf)
