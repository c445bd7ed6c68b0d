"""The application as Django registers it."""

from django.apps import AppConfig


class TracingConfig(AppConfig):
    """Lots, events and the staff who record them."""

    name = "tracing"
    default_auto_field = "django.db.models.BigAutoField"
