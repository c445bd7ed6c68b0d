"""List queued and sent mail to one address, one line a message: state, subject, names of attachments."""

from __future__ import annotations

from argparse import ArgumentParser
from email import message_from_bytes
from typing import Any

from django.core.management.base import BaseCommand

from outbox.models import Message


class Command(BaseCommand):
    """``list_mail ADDRESS``."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the address."""
        parser.add_argument("address")

    def handle(self, *, address: str, **options: Any) -> None:
        """Print the messages, oldest first."""
        for message in Message.objects.filter(recipients__contains=[address]):
            parts = message_from_bytes(bytes(message.content)).walk()
            names = [name for part in parts if (name := part.get_filename())]
            state = "sent" if message.sent else "queued"
            self.stdout.write("\t".join([state, message.subject, *names]))
