"""The project as an application: commands, templates, static files."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The shop itself."""

    name = "shop"
    label = "shop"
