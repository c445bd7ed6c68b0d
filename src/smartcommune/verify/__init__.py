"""Verification: running the services' Testinfra checks, keeping what was seen and what was not, and reporting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.verify.results import Check, CheckResult, HostReach, Verification

if TYPE_CHECKING:
    from smartcommune.verify.runner import run

__all__ = ["Check", "CheckResult", "HostReach", "Verification", "run"]


def __getattr__(name: str) -> object:
    """Return ``run`` on first use, so that the results' data can be used without loading the runner."""
    if name == "run":
        from smartcommune.verify.runner import run

        return run
    raise AttributeError(name)
