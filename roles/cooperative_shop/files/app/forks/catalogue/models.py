"""Products with texts in two languages: Vietnamese in Oscar's own fields, English in attributes."""

from django.utils.translation import get_language
from oscar.apps.catalogue.abstract_models import AbstractProduct


class Product(AbstractProduct):
    """A product; its fields are Oscar's, so Oscar's migrations serve."""

    def translated(self, name: str) -> str:
        """Return the English attribute ``name`` for readers of English, or nothing."""
        if get_language() != "en" or self.pk is None:
            return ""
        return getattr(self.attr, f"{name}_en", None) or ""

    def get_title(self) -> str:
        """Return the title in the reader's language."""
        return self.translated("title") or super().get_title()

    def get_description(self) -> str:
        """Return the description in the reader's language."""
        return self.translated("description") or self.description


from oscar.apps.catalogue.models import *  # noqa: E402,F403
