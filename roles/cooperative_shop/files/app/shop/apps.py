"""The project as an application: commands, templates, static files."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The shop itself."""

    name = "shop"
    label = "shop"

    def ready(self) -> None:
        """Register the shop's own system checks."""
        from shop import system_checks  # noqa: F401
