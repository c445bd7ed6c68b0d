"""What a run in check mode found on hosts, as planned actions with their reasons. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.converge.tracking import checking, installing
from smartcommune.plan.models import Action
from smartcommune.site.models import Source
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.converge.results import HostChange
    from smartcommune.site.models import PlacedService, Site

SYSTEM = Text(vi="hệ thống", en="system")
TO_INSTALL = Text(vi="chưa cài trên máy này", en="not installed on this machine yet")


def host_actions(
    site: Site,
    catalogue: Catalogue,
    changes: Iterable[HostChange],
    timings: Mapping[str, float],
    fresh: frozenset[str],
) -> tuple[Action, ...]:
    """Return the actions on hosts: services to install, and of those that stand each task that would change something.

    What a service takes away is named also where it is new: on a machine that stood before that may be somebody's.
    ``fresh`` names hosts that are made anew; ``timings`` says which services a run went through before.
    """
    found = _once(changes)
    actions: list[Action] = []
    for host in site.hosts:
        for service in host.services:
            mine = [change for change in found if (change.host, change.role) == (host.name, service.name)]
            if host.name in fresh or not _known(host.name, service.name, timings):
                actions.append(_installation(catalogue, service, timings))
                mine = [change for change in mine if change.removes]
            actions += [_change(catalogue, service, change) for change in mine]
    return tuple(actions)


def _once(changes: Iterable[HostChange]) -> tuple[HostChange, ...]:
    """Return the changes without what an earlier service of the host makes already: two share a file or a package."""
    first: dict[object, HostChange] = {}
    for change in changes:
        same = (change.host, change.file, change.line, change.diff)
        first.setdefault(same if change.diff else change, change)
    return tuple(first.values())


def _known(host: str, service: str, timings: Mapping[str, float]) -> bool:
    """Return whether a run went through a service: it installed it, or found it as it should be."""
    return installing(host, service) in timings or checking(host, service) in timings


def host_seconds(site: Site, expected: Mapping[tuple[str, str], float]) -> float:
    """Return how long converging takes: hosts side by side, each host's services one after the other."""
    return max((sum(s for (name, _), s in expected.items() if name == host.name) for host in site.hosts), default=0.0)


def _title(catalogue: Catalogue, service: PlacedService) -> Text:
    entry = catalogue.get(service.name)
    title = entry.title if entry else SYSTEM
    return Text(vi=f"{service.host}: {title.vi}", en=f"{service.host}: {title.en}")


def _installation(catalogue: Catalogue, service: PlacedService, timings: Mapping[str, float]) -> Action:
    seconds = timings.get(installing(service.host, service.name), float(service.install_seconds))
    return Action("create", _title(catalogue, service), TO_INSTALL, service.sources, service.name, seconds)


def _change(catalogue: Catalogue, service: PlacedService, change: HostChange) -> Action:
    """Return the action of one task: its reason is what the task is for, its detail what differs."""
    reason = Text(vi=f"khác với thiết kế: {change.task}", en=f"differs from the design: {change.task}")
    sources = (Source(change.file, change.line, change.role), *service.sources)
    return Action(
        "delete" if change.removes else "update", _title(catalogue, service), reason, sources, change.detail, 0.0
    )
