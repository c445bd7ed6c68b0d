"""Faults on purpose: links cut and restored, of one machine, of a zone, or of the commune's way to the Internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.document.nearest import one_of
from smartcommune.lab import machine, proxy
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabUsageError
from smartcommune.lab.layout import Layout, bridge_of, link_of
from smartcommune.lab.network import load_zones, network_exists
from smartcommune.lab.record import load_record, names
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

WAN = "wan"


def cut(layout: Layout, target: str, *, dry_run: bool = False) -> None:
    """Take down the link of a machine, or of a whole zone; ``wan`` also cuts the package proxy off from its mirrors.

    A machine's cut lasts through its reboots. Raises LabUsageError when there is neither machine nor zone ``target``.
    """
    _switch(layout, target, up=False, dry_run=dry_run)


def restore(layout: Layout, target: str, *, dry_run: bool = False) -> None:
    """Bring a link that was cut up again."""
    _switch(layout, target, up=True, dry_run=dry_run)


def _switch(layout: Layout, target: str, *, up: bool, dry_run: bool) -> None:
    is_machine = load_record(layout, target) is not None
    zones = [zone.name for zone in load_zones(layout)]
    if not is_machine and target not in zones:
        raise _unknown(target, [*names(layout), *zones])
    if dry_run:
        return
    if is_machine:
        flag = layout.machine(target) / "cut"
        if up:
            flag.unlink(missing_ok=True)
        else:
            flag.touch()
        if machine.load_launcher(layout, target):
            _set_link(layout, link_of(target), up=up)
        return
    if network_exists(layout):
        _set_link(layout, bridge_of(target), up=up)
    if target == WAN:
        proxy.set_offline(layout, offline=not up)


def _set_link(layout: Layout, link: str, *, up: bool) -> None:
    run(["ip", "-n", layout.netns, "link", "set", link, "up" if up else "down"])


def _unknown(target: str, there: Sequence[str]) -> LabUsageError:
    return LabUsageError(
        Text(vi=f"không có máy hay vùng mạng {target}", en=f"there is no machine or zone {target}"),
        todo=one_of(target, there),
    )
