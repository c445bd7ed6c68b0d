"""The table of all resource types that the provider serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.targets.provider import existing, lab
from smartcommune.targets.provider.authority import CertificateAuthority, HostAuthority
from smartcommune.targets.provider.secret import KeyPair, Password, Token
from smartcommune.targets.provider.simulator import Simulator, SimulatorBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartcommune.targets.provider.resource import Resource


def open_lab(commune: str) -> lab.LabBackend:
    """Return the lab of one commune; the lab's code is loaded only when one is asked for."""
    from smartcommune.lab.lab import Lab

    return Lab(commune)


def open_simulators(commune: str) -> SimulatorBackend:
    """Return the simulated devices of one commune's lab."""
    from smartcommune.devices.simulators.lab import Simulators

    return Simulators(commune)


def resource_types(
    machines: existing.Machine,
    labs: Callable[[str], lab.LabBackend] = open_lab,
    simulators: Callable[[str], SimulatorBackend] = open_simulators,
) -> tuple[Resource, ...]:
    """Return one of each; ``machines`` carries what one run accepts and could not reach."""
    return (
        Password(),
        Token(),
        KeyPair(),
        CertificateAuthority(),
        HostAuthority(),
        lab.Network(labs),
        lab.Machine(labs),
        Simulator(simulators),
        machines,
    )
