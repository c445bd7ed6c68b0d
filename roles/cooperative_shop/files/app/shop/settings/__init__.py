"""Django's settings, by subject; what differs between communes comes from ``shop.config``."""

from oscar.defaults import *  # noqa: F403

from .applications import *  # noqa: F403
from .commerce import *  # noqa: F403
from .language import *  # noqa: F403
from .security import *  # noqa: F403
from .storage import *  # noqa: F403
