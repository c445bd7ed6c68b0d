"""Which service runs on which host: what was chosen, what every host has, what these require; in converge order."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from smartcommune.faults import Related
from smartcommune.profile.quantities import format_bytes
from smartcommune.profile.services import HOST_OPTION
from smartcommune.site.draft import Placement, Tie, related
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Requirement, Service
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
    _check_room(draft)


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
        _no_host(draft, service, draft.profile_source(*path, HOST_OPTION) if pin else source, host, fitting)
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
                _no_host(draft, provider, source, None, fitting)
                continue
            host = consumer.host if consumer.host in fitting else fitting[0]
            known = (host, provider.name) in draft.placements
            placed = _place(draft, provider, host, (reason, source))
            if not known:
                waiting.append(placed)
            if host != consumer.host and requirement.capability not in provider.remote:
                _not_remote(draft, consumer, placed, requirement, reason)
            draft.ties.append(Tie(consumer, placed, requirement, reason))


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
            _circle(draft, [draft.placements[key] for key in sorted(open_keys)])
    draft.placements = ordered


def _key(placement: Placement) -> tuple[str, str]:
    return (placement.host, placement.service.name)


# -- conflicts -----------------------------------------------------------------------------------------------------


def _check_room(draft: Draft) -> None:
    """Memory and disk of a host are enough for its services."""
    for name in draft.hosts:
        host = draft.loaded.profile.hosts[name]
        for what, label, has in (
            ("memory", Text(vi="bộ nhớ", en="memory"), host.memory),
            ("disk", Text(vi="đĩa", en="disk"), host.disk),
        ):
            parts = [(getattr(placement.service, what), placement) for placement in draft.on(name)]
            needed = sum(size for size, _ in parts)
            if needed > has:
                _no_room(draft, name, what, label, needed, has, parts)


def _no_room(
    draft: Draft, host: str, what: str, label: Text, needed: int, has: int, parts: list[tuple[int, Placement]]
) -> None:
    others = [_part(draft, size, placement, what) for size, placement in sorted(parts, key=lambda part: -part[0]) if size]
    need, room = format_bytes(needed), format_bytes(has)
    draft.conflict(
        draft.profile_source("hosts", host, what),
        f"no-{what}",
        Text(vi=f"{host} không đủ {label.vi} cho các dịch vụ", en=f"{host} has not enough {label.en} for its services"),
        found=Text(vi=f"có {room}", en=f"it has {room}"),
        expected=Text(vi=f"ít nhất {need}", en=f"at least {need}"),
        todo=Text(
            vi=f"tăng {what}, hoặc đặt bớt dịch vụ sang máy khác bằng «host: tên-máy»",
            en=f"raise {what}, or put a service on another machine by «host: name»",
        ),
        others=others,
    )


def _part(draft: Draft, size: int, placement: Placement, what: str) -> Related:
    chosen = placement.path is not None and placement.service.component != "foundation"
    source = placement.sources[0] if chosen else draft.catalogue_source(placement.service.name, what)
    text = f"{placement.service.name}: {format_bytes(size)}"
    return related(source, Text(vi=text, en=text))


def _no_host(draft: Draft, service: Service, at: Source, host: str | None, fitting: list[str]) -> None:
    kinds, names = " / ".join(service.kinds), ", ".join(fitting)
    if host is None:
        message = Text(vi=f"không có máy nào cho {service.name}", en=f"there is no machine for {service.name}")
        todo = Text(vi=f"thêm một máy loại {kinds}", en=f"add a machine of kind {kinds}")
    else:
        message = Text(vi=f"{service.name} không chạy được trên {host}", en=f"{service.name} cannot run on {host}")
        todo = Text(vi=f"chọn: {names}", en=f"choose: {names}") if names else Text(
            vi=f"thêm một máy loại {kinds}", en=f"add a machine of kind {kinds}"
        )
    draft.conflict(
        at,
        "no-host",
        message,
        found=Text(vi=host or "không có", en=host or "none"),
        expected=Text(vi=f"một máy loại {kinds} của đích {draft.target}", en=f"a {kinds} of target {draft.target}"),
        todo=todo,
        others=[related(draft.catalogue_source(service.name, "kinds"), Text(vi="loại máy cho phép", en="kinds allowed"))],
    )


def _not_remote(draft: Draft, consumer: Placement, provider: Placement, requirement: Requirement, reason: Source) -> None:
    one, two = consumer.service.name, provider.service.name
    draft.conflict(
        consumer.sources[0],
        "not-remote",
        Text(
            vi=f"{one} trên {consumer.host} cần {requirement.capability}, nhưng {two} trên {provider.host} chỉ phục vụ máy mình",
            en=f"{one} on {consumer.host} needs {requirement.capability}, but {two} on {provider.host} serves its own machine only",
        ),
        found=Text(vi=f"{consumer.host}, {provider.host}", en=f"{consumer.host}, {provider.host}"),
        expected=Text(vi="cùng một máy", en="the same machine"),
        todo=Text(vi=f"viết host: {provider.host} cho {one}", en=f"write host: {provider.host} for {one}"),
        others=[related(reason, Text(vi=f"{one} yêu cầu ở đây", en=f"{one} requires it here"))],
    )


def _circle(draft: Draft, placements: list[Placement]) -> None:
    names = ", ".join(placement.service.name for placement in placements)
    first = placements[0]
    draft.conflict(
        draft.catalogue_source(first.service.name, "requires"),
        "requires-circle",
        Text(vi=f"các dịch vụ yêu cầu lẫn nhau: {names}", en=f"services require each other: {names}"),
        found=Text(vi=names, en=names),
        expected=Text(vi="yêu cầu không đi vòng", en="requirements without a circle"),
        todo=Text(vi="bỏ một trong các yêu cầu", en="drop one of the requirements"),
        others=[
            related(draft.catalogue_source(item.service.name, "requires"), Text(vi=item.service.name, en=item.service.name))
            for item in placements[1:]
        ],
    )
