"""Why services cannot be placed as asked: no room, no machine, no way to a provider; with figures and both places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.faults import Related
from smartcommune.site.draft import related
from smartcommune.sizes import format_bytes
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Service
    from smartcommune.site.draft import Draft, Placement, Tie
    from smartcommune.site.models import Source


def check_room(draft: Draft) -> None:
    """Memory and disk of a host are enough for its services."""
    for name in draft.standing:
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
    largest_first = sorted(parts, key=lambda part: -part[0])
    others = [_part(draft, size, placement, what) for size, placement in largest_first if size]
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
    text = f"{placement.service.name}: {format_bytes(size)}" if size else placement.service.name
    return related(source, Text(vi=text, en=text))


def add_no_host(draft: Draft, service: Service, at: Source, host: str | None, fitting: list[str]) -> None:
    """Record that no host, or not the one that was asked for, may run a service."""
    kinds, names = " / ".join(service.kinds), ", ".join(fitting)
    if host is None:
        message = Text(vi=f"không có máy nào cho {service.name}", en=f"there is no machine for {service.name}")
        todo = Text(vi=f"thêm một máy loại {kinds}", en=f"add a machine of kind {kinds}")
    else:
        message = Text(vi=f"{service.name} không chạy được trên {host}", en=f"{service.name} cannot run on {host}")
        todo = (
            Text(vi=f"chọn: {names}", en=f"choose: {names}")
            if names
            else Text(vi=f"thêm một máy loại {kinds}", en=f"add a machine of kind {kinds}")
        )
    draft.conflict(
        at,
        "no-host",
        message,
        found=Text(vi=host or "không có", en=host or "none"),
        expected=Text(vi=f"một máy loại {kinds} của đích {draft.target}", en=f"a {kinds} of target {draft.target}"),
        todo=todo,
        others=[
            related(draft.catalogue_source(service.name, "kinds"), Text(vi="loại máy được phép", en="allowed kinds"))
        ],
    )


def add_not_remote(draft: Draft, tie: Tie) -> None:
    """Record that a provider serves its own machine only, and the consumer is on another."""
    consumer, provider = tie.consumer, tie.provider
    one, two, need = consumer.service.name, provider.service.name, tie.requirement.capability
    draft.conflict(
        consumer.sources[0],
        "not-remote",
        Text(
            vi=f"{one} trên {consumer.host} cần {need}, nhưng {two} trên {provider.host} chỉ phục vụ máy mình",
            en=f"{one} on {consumer.host} needs {need}, but {two} on {provider.host} serves its own machine only",
        ),
        found=Text(vi=f"{consumer.host}, {provider.host}", en=f"{consumer.host}, {provider.host}"),
        expected=Text(vi="cùng một máy", en="the same machine"),
        todo=Text(vi=f"viết host: {provider.host} cho {one}", en=f"write host: {provider.host} for {one}"),
        others=[related(tie.source, Text(vi=f"{one} yêu cầu ở đây", en=f"{one} requires it here"))],
    )


def add_not_chosen(draft: Draft, consumer: Placement, provider: Service, reason: Source) -> None:
    """Record that a provider is needed whose required options nobody wrote."""
    one = consumer.service.name
    two = f"components.{provider.component}.{provider.name}"
    if provider.component == "foundation":
        two = f"foundation.{provider.name}"
    draft.conflict(
        consumer.sources[0],
        "not-chosen",
        Text(
            vi=f"{one} cần {provider.name}, chưa có trong hồ sơ", en=f"{one} needs {provider.name}, which is not chosen"
        ),
        found=Text(vi="không có", en="nothing"),
        expected=Text(vi=two, en=two),
        todo=Text(vi=f"thêm {two} với các tùy chọn bắt buộc", en=f"add {two} with its required options"),
        others=[related(reason, Text(vi=f"{one} yêu cầu ở đây", en=f"{one} requires it here"))],
    )


def add_not_joined(draft: Draft, tie: Tie, sites: str) -> None:
    """Record that two services that need each other stand on sites that no routers join."""
    one = f"{tie.consumer.service.name} ({tie.consumer.host})"
    two = f"{tie.provider.service.name} ({tie.provider.host})"
    draft.conflict(
        tie.consumer.sources[0],
        "sites-not-joined",
        Text(vi=f"{one} không tới được {two}", en=f"{one} cannot reach {two}"),
        found=Text(vi=f"không có máy định tuyến ở {sites}", en=f"no router at {sites}"),
        expected=Text(vi="một máy định tuyến ở mỗi địa điểm", en="a router at each site"),
        todo=Text(
            vi="đặt dịch vụ định tuyến ở cả hai địa điểm, hoặc đặt cả hai dịch vụ ở một nơi",
            en="choose a service that routes at both sites, or put both services at one site",
        ),
        others=[related(tie.source, Text(vi="yêu cầu ở đây", en="required here"))],
    )


def add_circle(draft: Draft, placements: list[Placement]) -> None:
    """Record that services require each other, so that none can come first."""
    names = ", ".join(placement.service.name for placement in placements)
    first = placements[0]
    draft.conflict(
        draft.catalogue_source(first.service.name, "requires"),
        "requires-circle",
        Text(vi=f"các dịch vụ yêu cầu lẫn nhau: {names}", en=f"services require each other: {names}"),
        found=Text(vi=names, en=names),
        expected=Text(vi="yêu cầu không đi vòng", en="requirements without a circle"),
        todo=Text(vi="bỏ một trong các yêu cầu", en="drop one of the requirements"),
        others=[_part(draft, 0, item, "requires") for item in placements[1:]],
    )
