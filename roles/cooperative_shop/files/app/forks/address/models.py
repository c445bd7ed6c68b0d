"""Oscar's address models as they are; addresses use ``first_name``, ``line1``, ``line4`` and ``state`` (see forms)."""

from oscar.apps.address.models import *  # noqa: F403
