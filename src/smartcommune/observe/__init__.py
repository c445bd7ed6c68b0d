"""Observing hosts: read-only commands, all of a host's in one round trip, and their answers kept as they were given."""

from __future__ import annotations

from smartcommune.observe.models import HostObservations, Observation

__all__ = ["HostObservations", "Observation"]
