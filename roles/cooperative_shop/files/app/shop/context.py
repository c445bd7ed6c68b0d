"""What every page knows about the shop."""

from django.http import HttpRequest

from shop import config
from shop.communes import communes


def shop(request: HttpRequest) -> dict[str, object]:
    """Return the shop's configuration and its commune."""
    loaded = config.load()
    return {"shop": loaded, "shop_commune": communes()[loaded.commune_code]}
