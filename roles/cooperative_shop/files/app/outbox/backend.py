"""Django's mail backend that writes messages to the outbox: they commit, or roll back, with what they are about."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outbox.models import Message


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
        return len(queued)
