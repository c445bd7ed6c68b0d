"""The outbox as an application."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Queued mail."""

    name = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
