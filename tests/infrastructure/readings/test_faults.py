"""Programs killed, machines without power, a link cut: what the gateway took is on the server, each once."""

from __future__ import annotations

import pytest

from tests.infrastructure.readings.faults import (
    KILLS,
    POWER_OF_A_GATEWAY,
    POWER_OF_THE_SERVER,
    backlog,
    survive,
)


def test_killed_programs_lose_nothing(pond):
    """A device counts while one program after the other is killed: all that it gave is on the server, each once."""
    assert survive(pond, list(KILLS), values=800) == []


@pytest.mark.parametrize("fault", [POWER_OF_THE_SERVER, POWER_OF_A_GATEWAY])
def test_power_cuts_lose_nothing(pond, fault):
    """A machine loses its power while a device counts: all that the gateway took is on the server, each once."""
    assert survive(pond, [fault], values=150) == []


def test_what_waits_arrives_when_the_link_is_back(pond):
    """The link is away while a device counts: all waits on the gateway, and is on the server once the link is back."""
    assert backlog(pond, values=300) == []
