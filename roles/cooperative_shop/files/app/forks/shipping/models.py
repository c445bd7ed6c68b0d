"""Oscar's shipping models as they are."""

from oscar.apps.shipping.models import *  # noqa: F403
