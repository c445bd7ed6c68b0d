"""One operation of the engine: provider served, program ready, leftovers removed, errors put in words."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi import automation

from pulumi_stacks.commune.__main__ import program
from smartcommune.targets import recovery
from smartcommune.targets.engine import EngineCommand, find_engine, open_stack
from smartcommune.targets.failures import explain
from smartcommune.targets.passphrase import ensure_passphrase
from smartcommune.targets.provider.existing import Machine
from smartcommune.targets.provider.journal import Journal
from smartcommune.targets.provider.registry import resource_types
from smartcommune.targets.provider.server import PACKAGE, Provider, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smartcommune.site.models import Site
    from smartcommune.targets.layout import Layout
    from smartcommune.targets.provider.lab import LabBackend


@dataclass(slots=True)
class Session:
    """What one operation works with. ``machines`` knows which existing machines did not answer."""

    stack: automation.Stack
    machines: Machine
    journal: Journal = field(default_factory=Journal)


@contextmanager
def open_session(
    site: Site,
    layout: Layout,
    *,
    lock: int,
    labs: Callable[[str], LabBackend],
    accept: frozenset[str] = frozenset(),
    journal: Journal | None = None,
) -> Iterator[Session]:
    """Yield a session; the caller holds the commune's lock, whose descriptor the engine inherits.

    Raises InterruptedRunError, HostsNotReachedError, ProvisioningError or EngineError for what fails inside.
    """
    machines, journal = Machine(accept=accept), journal or Journal()
    command = EngineCommand(find_engine(), inherit=(lock,))
    recovery.remove_stale_locks(layout)
    with serve(Provider(resource_types(machines, labs), journal)) as port:
        environment = {**ensure_passphrase(os.environ), "PULUMI_DEBUG_PROVIDERS": f"{PACKAGE}:{port}"}
        try:
            stack = open_stack(layout, command, lambda: program(site), environment)
            yield Session(stack, machines, journal)
        except automation.CommandError as error:
            raise explain(error, journal, interrupted=command.interrupted) from error
        finally:
            recovery.prune(layout)
