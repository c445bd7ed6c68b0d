"""Which service runs on which host: what was chosen, what every host has, what these require; in converge order."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from smartcommune.profile.services import HOST_OPTION
from smartcommune.site.conflicts import add_circle, add_no_host, add_not_remote, check_room
from smartcommune.site.draft import Placement, Tie

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Service
    from smartcommune.site.draft import Draft
    from smartcommune.site.models import Source


def place_services(draft: Draft) -> None:
    """Place all services and order them; conflicts are recorded in the draft."""
    for service in draft.catalogue.values():
        if service.everywhere:
            source = draft.catalogue_source(service.name, "everywhere")
            for name in draft.hosts:
                if draft.loaded.profile.hosts[name].kind in service.kinds:
                    _place(draft, service, name, (source,))
    for component, services in draft.loaded.profile.components.items():
        for name, written in services.items():
            _place_chosen(draft, component, name, dict(written))
    _close_requirements(draft)
    _order(draft)
    check_room(draft)


def _place(draft: Draft, service: Service, host: str, sources: tuple[Source, ...]) -> Placement:
    """Return the service on the host, placed now or before; the reasons add up."""
    placement = draft.placements.get((host, service.name))
    if placement is not None:
        placement.sources += tuple(source for source in sources if source not in placement.sources)
        return placement
    placement = Placement(service, host, sources)
    if service.component == "foundation" and service.name in draft.loaded.profile.foundation:
        placement.path = ("foundation", service.name)
        placement.written = draft.loaded.profile.foundation[service.name]
    draft.placements[host, service.name] = placement
    return placement


def _place_chosen(draft: Draft, component: str, name: str, written: dict[str, object]) -> None:
    """Place a chosen service on the machine it is pinned to, else on the first declared one of its kind."""
    service, path = draft.catalogue[name], ("components", component, name)
    pin = written.pop(HOST_OPTION, None)
    fitting = _fitting(draft, service)
    host = pin if isinstance(pin, str) else next(iter(fitting), None)
    source = draft.profile_source(*path)
    if host is None or host not in fitting:
        add_no_host(draft, service, draft.profile_source(*path, HOST_OPTION) if pin else source, host, fitting)
        return
    placement = _place(draft, service, host, (source, draft.catalogue_source(name)))
    placement.path, placement.written = path, written


def _fitting(draft: Draft, service: Service) -> list[str]:
    """Return the target's hosts on which the service may run."""
    hosts = draft.loaded.profile.hosts
    return [name for name in draft.hosts if hosts[name].kind in service.kinds]


def _close_requirements(draft: Draft) -> None:
    """Place the provider of every requirement, beside its consumer where it may run there."""
    providers = {item: service for service in draft.catalogue.values() for item in service.provides}
    waiting = list(draft.placements.values())
    for consumer in waiting:  # grows while providers are placed
        for index, requirement in enumerate(consumer.service.requires):
            provider, source = providers[requirement.capability], consumer.sources[0]
            reason = draft.catalogue_source(consumer.service.name, "requires", index)
            fitting = _fitting(draft, provider)
            if not fitting:
                add_no_host(draft, provider, source, None, fitting)
                continue
            host = consumer.host if consumer.host in fitting else fitting[0]
            known = (host, provider.name) in draft.placements
            placed = _place(draft, provider, host, (reason, source))
            if not known:
                waiting.append(placed)
            tie = Tie(consumer, placed, requirement, reason)
            if host != consumer.host and requirement.capability not in provider.remote:
                add_not_remote(draft, tie)
            draft.ties.append(tie)


def _order(draft: Draft) -> None:
    """Sort the placements: by host, providers before consumers, otherwise foundation first and as declared."""
    rank = {
        key: (not placement.service.everywhere, placement.service.component != "foundation", index)
        for index, (key, placement) in enumerate(draft.placements.items())
    }
    needs: dict[tuple[str, str], set[tuple[str, str]]] = {key: set() for key in draft.placements}
    for tie in draft.ties:
        if tie.consumer.host == tie.provider.host and tie.consumer is not tie.provider:
            needs[_key(tie.consumer)].add(_key(tie.provider))
    ordered: dict[tuple[str, str], Placement] = {}
    for host in draft.hosts:
        open_keys = {key for key in draft.placements if key[0] == host}
        ready = [(rank[key], key) for key in open_keys if not needs[key]]
        heapq.heapify(ready)
        while ready:
            key = heapq.heappop(ready)[1]
            ordered[key] = draft.placements[key]
            open_keys.discard(key)
            for other in open_keys:
                if key in needs[other]:
                    needs[other].discard(key)
                    if not needs[other]:
                        heapq.heappush(ready, (rank[other], other))
        if open_keys:
            add_circle(draft, [draft.placements[key] for key in sorted(open_keys)])
    draft.placements = ordered


def _key(placement: Placement) -> tuple[str, str]:
    return (placement.host, placement.service.name)
