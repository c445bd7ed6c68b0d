"""Which service runs on which host: what was chosen, what every host has, what these require; in converge order."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from smartcommune.profile.services import HOST_OPTION
from smartcommune.site.conflicts import add_circle, add_no_host, add_not_chosen, add_not_remote, check_room
from smartcommune.site.draft import Placement, Tie

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Service
    from smartcommune.document.model import KeyPath
    from smartcommune.site.draft import Draft
    from smartcommune.site.models import Source


def place_services(draft: Draft) -> None:
    """Place all services and order them; conflicts are recorded in the draft."""
    for service in draft.catalogue.values():
        if service.everywhere:
            source = draft.catalogue_source(service.name, "everywhere")
            for name in _fitting(draft, service):
                _place(draft, service, name, (source,))
    for component, services in draft.loaded.profile.components.items():
        for name, written in services.items():
            _place_chosen(draft, draft.catalogue[name], ("components", component, name), written.get(HOST_OPTION))
    waiting = list(draft.placements.values())
    while waiting:
        for consumer in waiting:  # grows while providers are placed
            waiting += _close_requirements(draft, consumer)
        waiting = _accompany(draft)
    _order(draft)
    check_room(draft)


def _place(draft: Draft, service: Service, host: str, sources: tuple[Source, ...]) -> Placement:
    """Return the service on the host, placed now or before; the reasons add up."""
    placement = draft.placements.get((host, service.name))
    if placement is not None:
        placement.sources += tuple(source for source in sources if source not in placement.sources)
        return placement
    placement = Placement(service, host, sources)
    path: KeyPath
    if service.component == "foundation":
        written, path = draft.loaded.profile.foundation.get(service.name), ("foundation", service.name)
    else:
        group = draft.loaded.profile.components.get(service.component, {})
        written, path = group.get(service.name), ("components", service.component, service.name)
    if written is not None:
        placement.path = path
        placement.written = {key: value for key, value in written.items() if key != HOST_OPTION}
    draft.placements[host, service.name] = placement
    return placement


def _place_chosen(draft: Draft, service: Service, path: KeyPath, pins: object) -> None:
    """Place a chosen service on the machines it is pinned to, else on the first declared one of its kind.

    A service that accompanies another goes to all machines of its kinds.
    """
    source, fitting = draft.profile_source(*path), _fitting(draft, service)
    if pins is None:
        hosts = fitting if service.accompanies else fitting[:1]
        if not hosts:
            add_no_host(draft, service, source, None, fitting)
    else:
        hosts = [pins] if isinstance(pins, str) else list(pins) if isinstance(pins, tuple) else []
    for index, host in enumerate(hosts):
        if host in fitting:
            _place(draft, service, host, (source, draft.catalogue_source(service.name)))
        else:
            at = (*path, HOST_OPTION) if isinstance(pins, str) else (*path, HOST_OPTION, index)
            add_no_host(draft, service, draft.profile_source(*at), host, fitting)


def _fitting(draft: Draft, service: Service) -> list[str]:
    """Return the target's hosts on which the service may run."""
    hosts = draft.loaded.profile.hosts
    return [name for name in draft.standing if hosts[name].kind in service.kinds]


def _close_requirements(draft: Draft, consumer: Placement) -> list[Placement]:
    """Tie a service to the provider of each of its requirements; return the providers that were placed for it."""
    added = []
    for index, requirement in enumerate(consumer.service.requires):
        provider, source = draft.provider_of(requirement.capability), consumer.sources[0]
        reason = draft.catalogue_source(consumer.service.name, "requires", index)
        host = _nearest(draft, consumer.host, _offers(draft, provider))
        if host is None:
            add_no_host(draft, provider, source, None, [])
            continue
        known = (host, provider.name) in draft.placements
        placed = _place(draft, provider, host, (reason, source))
        if not known:
            added.append(placed)
            if placed.path is None and any(option.required for option in provider.options.values()):
                add_not_chosen(draft, consumer, provider, reason)
        tie = Tie(consumer, placed, requirement, reason)
        if host != consumer.host and requirement.capability not in provider.remote:
            add_not_remote(draft, tie)
        draft.ties.append(tie)
    return added


def _offers(draft: Draft, provider: Service) -> list[str]:
    """Return the hosts that may give what a provider provides: those it was chosen for, else all that it fits."""
    placed = [name for name in draft.standing if (name, provider.name) in draft.placements]
    return placed if placed and provider.component != "foundation" else _fitting(draft, provider)


def _nearest(draft: Draft, host: str, offers: list[str]) -> str | None:
    """Return the host itself where it is among the offers, else the first one of its network, else the first one."""
    if host in offers:
        return host
    hosts = draft.loaded.profile.hosts
    own = draft.network_of(hosts[host].site)
    near = [name for name in offers if draft.network_of(hosts[name].site) is own]
    return next(iter(near or offers), None)


def _accompany(draft: Draft) -> list[Placement]:
    """Place each service that accompanies one that is placed; return those that are new."""
    added = []
    for service in draft.catalogue.values():
        if service.accompanies is None or _is_pinned(draft, service):
            continue
        leader = next((item for item in draft.placements.values() if item.service.name == service.accompanies), None)
        if leader is None:
            continue
        sources = (leader.sources[0], draft.catalogue_source(service.name, "accompanies"))
        hosts = [host for host in _fitting(draft, service) if (host, service.name) not in draft.placements]
        added += [_place(draft, service, host, sources) for host in hosts]
    return added


def _is_pinned(draft: Draft, service: Service) -> bool:
    """Tell whether the profile says itself where a service goes."""
    return any(HOST_OPTION in services.get(service.name, {}) for services in draft.loaded.profile.components.values())


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
    for host in draft.standing:
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
