"""Hand queued mail to the host's mail queue, and forget what was sent a month ago."""

from __future__ import annotations

import smtplib
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.timezone import now

from outbox.models import Message


class Command(BaseCommand):
    """``send_mail``: what the queue does not take stays for the next time."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the host's mail queue."""
        parser.add_argument("--host", default="localhost")
        parser.add_argument("--port", type=int, default=25)

    def handle(self, **options: Any) -> None:
        """Send each message in a transaction of its own; raises CommandError when the queue refuses."""
        queued = Message.objects.filter(sent=None).values_list("pk", "recipients")
        # ``.invalid`` (RFC 2606) is nobody's: such mail belongs to test orders and is removed with them.
        waiting = [key for key, recipients in queued if not all(one.endswith(".invalid") for one in recipients)]
        try:
            if waiting:
                with smtplib.SMTP(options["host"], options["port"], timeout=20) as queue:
                    for key in waiting:
                        send(queue, key)
        except (OSError, smtplib.SMTPException) as error:
            raise CommandError(f"the host's mail queue is not reached: {error}") from error
        Message.objects.filter(sent__lt=now() - timedelta(days=30)).delete()
        if waiting:
            self.stdout.write(f"{len(waiting)} sent")


def send(queue: smtplib.SMTP, key: int) -> None:
    """Hand one message over, unless another run has; an address that is refused for good is not tried again."""
    with transaction.atomic():
        message = Message.objects.select_for_update(skip_locked=True).filter(pk=key, sent=None).first()
        if message is None:
            return
        message.attempts += 1
        try:
            queue.sendmail(message.sender, message.recipients, bytes(message.content))
        except smtplib.SMTPRecipientsRefused:
            queue.rset()
        message.sent = now()
        message.save(update_fields=["attempts", "sent"])
