"""What the agent watches on its machine."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def watched_services(services: list[Row], language: str) -> list[Row]:
    """Return name, title in the commune's language, and unit of each service that has one."""
    return [
        {"name": each["name"], "title": each["title"][language], "unit": each["unit"]}
        for each in services
        if each["unit"]
    ]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> Row:
        """Return the filters by name."""
        return {"watched_services": watched_services}
