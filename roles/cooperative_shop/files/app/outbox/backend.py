"""Django's mail backend that writes messages to the outbox: they commit, or roll back, with what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from outbox.models import Message
from shop import config


class OutboxBackend(BaseEmailBackend):
    """Writes each message with recipients to the database."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages and return how many there were."""
        queued = [
            Message(
                sender=message.from_email,
                recipients=message.recipients(),
                subject=str(message.subject)[:255],
                content=message.message().as_bytes(),
            )
            for message in email_messages
            if message.recipients()
        ]
        Message.objects.bulk_create(queued)
        if queued:
            transaction.on_commit(wake, robust=True)
        return len(queued)


def wake() -> None:
    """Let the mail job start now: systemd watches the folder. The job's timer comes round in any case."""
    (Path(config.load().state) / "outbox" / "wake").write_text("", encoding="ascii")
