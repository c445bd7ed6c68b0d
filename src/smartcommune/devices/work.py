"""The two things that are done with a commune's devices: looking at them, and changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smartcommune.devices.fleet import DeviceEvent, DeviceResult
    from smartcommune.site.models import Site
    from smartcommune.targets.outputs import Outputs


def change_devices(
    site: Site,
    outputs: Outputs,
    *,
    limit: tuple[str, ...] = (),
    accept: frozenset[str] = frozenset(),
    passwords: Mapping[str, str] | None = None,
    on_event: Callable[[DeviceEvent], None] | None = None,
) -> tuple[DeviceResult, ...]:
    """Bring the Site's devices (or those of ``limit``) to what is rendered."""
    from smartcommune.devices.access import targets
    from smartcommune.devices.fleet import change_all

    return change_all(targets(site, outputs, limit=limit, accept=accept, passwords=passwords), on_event)


def look_at_devices(
    site: Site,
    outputs: Outputs,
    *,
    limit: tuple[str, ...] = (),
    accept: frozenset[str] = frozenset(),
    passwords: Mapping[str, str] | None = None,
    on_event: Callable[[DeviceEvent], None] | None = None,
) -> tuple[DeviceResult, ...]:
    """Look at the Site's devices (or those of ``limit``); changes nothing on any."""
    from smartcommune.devices.access import targets
    from smartcommune.devices.fleet import look_all

    return look_all(targets(site, outputs, limit=limit, accept=accept, passwords=passwords), on_event)
