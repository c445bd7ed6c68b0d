"""Kills, power cuts and an hour without link between a sensor and the server: no reading is lost or double."""

from __future__ import annotations

from tests.infrastructure.readings.conftest import commune, pond
from tests.infrastructure.readings.faults import FAULTS, backlog, survive

__all__ = ["commune", "pond"]

VALUES = 100
HOUR = 3600  # readings of an hour, one a second; here they come faster


def test_no_reading_is_lost_by_kills(pond, rounds, moments):
    """However often something fails at a random moment, each reading that was taken is on the server once."""
    for _ in range(rounds):
        fault = moments.choice(list(FAULTS))
        assert survive(pond, [fault], values=VALUES) == [], fault


def test_an_hour_without_link(pond):
    """As many readings as an hour brings wait while the link is away, and all arrive when it is back."""
    assert backlog(pond, values=HOUR) == []
