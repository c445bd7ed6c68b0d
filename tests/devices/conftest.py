"""A bench of simulators for the tests of this folder; they listen on loopback, and need neither root nor the lab."""

from __future__ import annotations

import pytest

from tests.device_samples import bench


@pytest.fixture(scope="module")
def stand():
    """The bench."""
    with bench() as place:
        yield place
