"""Takes the place of Oscar's ``dashboard`` application."""

from oscar.apps.dashboard.apps import DashboardConfig as OscarDashboardConfig


class DashboardConfig(OscarDashboardConfig):
    """The shop's ``dashboard``."""

    name = "forks.dashboard"
