"""Faults on purpose: links cut and restored, of one machine, of a zone, or of the commune's way to the Internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.document.nearest import one_of
from smartcommune.lab import machine, network, proxy, topology
from smartcommune.lab.commands import run
from smartcommune.lab.errors import LabUsageError
from smartcommune.lab.layout import Layout, link_of
from smartcommune.lab.ports import save_cuts
from smartcommune.lab.record import Record, load_record, names
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

WAN = "wan"


def cut(
    layout: Layout, target: str, *, zone: str | None = None, site: str | None = None, dry_run: bool = False
) -> None:
    """Take down a machine's links (the one in ``zone``, if given), or a whole zone; ``wan``: the way to the Internet.

    A machine's cut lasts through its reboots. A zone is cut on all sites unless ``site`` names one. Raises
    LabUsageError when there is no such machine, zone or link.
    """
    _switch(layout, target, zone=zone, site=site, up=False, dry_run=dry_run)


def restore(
    layout: Layout, target: str, *, zone: str | None = None, site: str | None = None, dry_run: bool = False
) -> None:
    """Bring a link that was cut up again."""
    _switch(layout, target, zone=zone, site=site, up=True, dry_run=dry_run)


def _switch(layout: Layout, target: str, *, zone: str | None, site: str | None, up: bool, dry_run: bool) -> None:
    record = load_record(layout, target)
    if record is not None:
        chosen = _links(record, zone)
        if not dry_run:
            _switch_machine(layout, target, chosen, up=up)
        return
    zones = network.load_zones(layout)
    bridges = [topology.bridge_of(each, zones) for each in zones if each.name == target and site in (None, each.site)]
    if not bridges:
        raise _unknown(target, [*names(layout), *dict.fromkeys(each.name for each in zones)])
    if dry_run:
        return
    if network.network_exists(layout):
        for bridge in bridges:
            _set_link(layout, bridge, up=up)
        network.ensure_routing(layout)  # routes go with their bridge, and come back with it
    if target == WAN and site is None:
        proxy.set_offline(layout, offline=not up)


def _links(record: Record, zone: str | None) -> list[str]:
    """Return the names of a machine's links, or of the one in ``zone``."""
    zones = [link.zone for link in record.spec.links]
    if zone is not None and zone not in zones:
        name = record.spec.name
        raise LabUsageError(
            Text(vi=f"{name} không có mạng trong vùng {zone}", en=f"{name} has no link in zone {zone}"),
            todo=one_of(zone, zones),
        )
    return [link.name for link in record.spec.links if zone in (None, link.zone)]


def _switch_machine(layout: Layout, name: str, chosen: Sequence[str], *, up: bool) -> None:
    save_cuts(layout.machine(name), chosen, cut=not up)
    if machine.load_launcher(layout, name) and network.network_exists(layout):
        present = network.links(layout.netns)
        for link in (link_of(name, interface) for interface in chosen):
            if link in present:  # else it comes as it is to be
                _set_link(layout, link, up=up)


def _set_link(layout: Layout, link: str, *, up: bool) -> None:
    run(["ip", "-n", layout.netns, "link", "set", link, "up" if up else "down"])


def _unknown(target: str, there: Sequence[str]) -> LabUsageError:
    return LabUsageError(
        Text(vi=f"không có máy hay vùng mạng {target}", en=f"there is no machine or zone {target}"),
        todo=one_of(target, there),
    )
