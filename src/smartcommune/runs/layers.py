"""The layers that a run goes through, as functions, so that tests can put fakes in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smartcommune.devices.work import change_devices, look_at_devices


def clean_lab(profile: str) -> None:
    """Remove what is left of a lab."""
    from smartcommune.lab.lab import Lab

    Lab(profile).clean()


@dataclass(frozen=True, slots=True)
class Layers:
    """``stack`` opens a commune's stack, ``converge`` runs a playbook, ``verify`` runs the checks.

    ``change`` and ``look`` are for the devices; ``clean`` removes what a lab left beside its machines.
    """

    stack: Callable[..., Any]
    converge: Callable[..., Any]
    verify: Callable[..., Any]
    change: Callable[..., Any] = change_devices
    look: Callable[..., Any] = look_at_devices
    clean: Callable[[str], Any] = clean_lab


def real_layers() -> Layers:
    """Return Pulumi, Ansible and Testinfra."""
    from smartcommune.converge.runner import run_playbook
    from smartcommune.targets.stack import Stack
    from smartcommune.verify import run

    return Layers(Stack, run_playbook, run)
