"""One queued message."""

from django.db import models


class Message(models.Model):
    """A message as it goes over the wire; ``sent`` is empty until the host's mail queue has taken it."""

    created = models.DateTimeField(auto_now_add=True)
    sender = models.EmailField()
    recipients = models.JSONField()
    subject = models.CharField(max_length=255)
    content = models.BinaryField()
    sent = models.DateTimeField(null=True, db_index=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"message {self.pk}"
