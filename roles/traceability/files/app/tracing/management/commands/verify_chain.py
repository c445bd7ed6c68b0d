"""``verify_chain``: exit 0 when all that is recorded still stands as recorded, 1 when not; ``--json`` for machines."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from tracing.chain import Fault
from tracing.verification import prove_detection, verify_all

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Verify the chains and the lots, say what does not hold, and show that tampering would be found."""

    help = "Verify the hash chain of the recorded events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--json", action="store_true", help="write one JSON document")
        parser.add_argument(
            "--head", action="append", default=[], help="a digest noted earlier that must still be in the chain"
        )
        parser.add_argument("--prove", action="store_true", help="also tamper with a copy and check that it is found")

    def handle(self, **options: Any) -> None:
        """Verify and report."""
        records, faults = verify_all()
        known = {record.digest for record in records}
        faults += [
            Fault("head", "live", None, head, "an event noted earlier is not in the chain any more")
            for head in options["head"]
            if head not in known
        ]
        live = [record for record in records if record.chain == "live"]
        result: dict[str, Any] = {
            "valid": not faults,
            "events": len(live),
            "test_events": len(records) - len(live),
            "head": live[-1].digest if live else None,
            "faults": [asdict(fault) for fault in faults],
        }
        if options["prove"]:
            result["detects"] = prove_detection(records)
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for fault in faults:
                self.stdout.write(f"{fault.chain}: {fault.subject}: {fault.message}")
            self.stdout.write(f"{len(live)} events, head {result['head']}: {'valid' if not faults else 'NOT VALID'}")
        if faults or not all(result.get("detects", {}).values()):
            sys.exit(1)
