"""What differs between an object as the Site wants it and as Zabbix has it: pure."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> Any:
    """Return a value as the API writes it: scalars are strings, truth is 1 or 0."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


def agrees(wanted: Any, actual: Any) -> bool:
    """Tell whether ``actual`` has all that is wanted; what is not wanted does not count. Lists agree in any order."""
    wanted, actual = plain(wanted), plain(actual)
    if isinstance(wanted, dict):
        # an empty object comes from PHP as an empty list
        return isinstance(actual, dict) and all(
            key in actual and agrees(each, actual[key]) for key, each in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(actual, list) or len(wanted) != len(actual):
            return False
        rest = list(actual)
        for each in wanted:
            match = next((index for index, other in enumerate(rest) if agrees(each, other)), None)
            if match is None:
                return False
            del rest[match]
        return True
    return bool(wanted == actual)


def differing(wanted: dict[str, Any], actual: dict[str, Any]) -> dict[str, Any]:
    """Return the wanted values that the actual object does not have."""
    return {key: value for key, value in wanted.items() if key not in actual or not agrees(value, actual[key])}
