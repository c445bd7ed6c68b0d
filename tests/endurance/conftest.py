"""Endurance: the same commune as the end-to-end tests, killed over and over. Slow, so it has an environment of its own.

``SMARTCOMMUNE_ENDURANCE_ROUNDS`` says how often (20), ``SMARTCOMMUNE_ENDURANCE_SEED`` repeats a run's moments.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from tests.e2e.conftest import commune

__all__ = ["commune"]


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often each test kills."""
    return int(os.environ.get("SMARTCOMMUNE_ENDURANCE_ROUNDS", "20"))


@pytest.fixture
def moments(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> random.Random:
    """Random moments; the seed is in the test's properties and, where it fails, in its report."""
    seed = os.environ.get("SMARTCOMMUNE_ENDURANCE_SEED") or str(random.SystemRandom().randrange(10**6))
    record_property("seed", seed)
    request.node.add_report_section("setup", "seed", f"SMARTCOMMUNE_ENDURANCE_SEED={seed}")
    return random.Random(f"{seed}/{request.node.name}")
