"""Why addresses cannot be given as asked: each with what was expected, what to do, and the other place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.site.draft import related
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft, Placement
    from smartcommune.site.models import Source, Zone


def add_second_router(draft: Draft, site: str, first: Placement, second: Placement) -> None:
    """Record that two hosts of one network would route."""
    both = f"{first.host}, {second.host}"
    draft.conflict(
        second.sources[0],
        "two-routers",
        Text(vi=f"hai máy cùng định tuyến cho {site}", en=f"two hosts route for {site}"),
        found=Text(vi=both, en=both),
        expected=Text(vi="mỗi địa điểm một máy định tuyến", en="one router for each site"),
        todo=Text(
            vi="bỏ một trong hai, hoặc khai địa điểm thứ hai trong «sites»",
            en="drop one of the two, or declare a second site under «sites»",
        ),
        others=[related(first.sources[0], Text(vi=first.host, en=first.host))],
    )


def add_router_zone(draft: Draft, router: Placement, found: str, expected: str) -> None:
    """Record that a router is declared in one zone, though it stands in all."""
    draft.conflict(
        draft.profile_source("hosts", router.host, "zone"),
        "router-zone",
        Text(
            vi=f"{router.host} định tuyến nên có mặt ở mọi vùng; vùng của riêng nó là {expected}",
            en=f"{router.host} routes, so that it is in every zone; its own one is {expected}",
        ),
        found=Text(vi=found, en=found),
        expected=Text(vi=expected, en=expected),
        todo=Text(vi="xóa zone, hoặc đặt dịch vụ sang máy khác", en="delete zone, or put the service on another host"),
        others=[related(router.sources[0], Text(vi=router.service.name, en=router.service.name))],
    )


def add_zone_full(draft: Draft, host: str, zone: Zone, room: int) -> None:
    """Record the first host for which a zone has no address left."""
    draft.conflict(
        draft.profile_source("hosts", host),
        "zone-full",
        Text(
            vi=f"vùng {zone.name} không còn địa chỉ cho {host}", en=f"zone {zone.name} has no address left for {host}"
        ),
        found=Text(vi=f"hơn {room} máy", en=f"more than {room} hosts"),
        expected=Text(vi=f"nhiều nhất {room} máy trong {zone.prefix}", en=f"at most {room} hosts in {zone.prefix}"),
        todo=Text(vi="đặt bớt máy sang vùng khác", en="put some of the hosts into another zone"),
        others=[],
    )


def add_wrong_router_address(draft: Draft, host: str, standing: str, expected: str) -> None:
    """Record that a router that stands would be reached at an address it will not have."""
    draft.conflict(
        draft.profile_source("targets", "existing", "hosts", host, "address"),
        "router-address",
        Text(
            vi=f"{host} định tuyến, nhưng {standing} không phải là địa chỉ của nó",
            en=f"{host} routes, but {standing} is none of its addresses",
        ),
        found=Text(vi=standing, en=standing),
        expected=Text(vi=expected, en=expected),
        todo=Text(vi=f"viết address: {expected}", en=f"write address: {expected}"),
        others=[related(draft.profile_source("hosts", host), Text(vi="máy được khai ở đây", en="declared here"))],
    )


def add_wrong_zone(draft: Draft, host: str, standing: Zone, zone: Zone) -> None:
    """Record that a machine that stands is in another zone than the profile says."""
    sites = len(draft.networks) > 1
    here, there = (f"{item.name} ({item.site})" if sites else item.name for item in (standing, zone))
    key = "zone" if standing.site == zone.site else "site"
    wanted = standing.name if key == "zone" else standing.site
    draft.conflict(
        draft.profile_source("targets", "existing", "hosts", host, "address"),
        "wrong-zone",
        Text(
            vi=f"{host} đứng ở vùng {here}, nhưng được khai ở vùng {there}",
            en=f"{host} stands in zone {here}, but is declared in zone {there}",
        ),
        found=Text(vi=f"địa chỉ trong vùng {here}", en=f"an address in zone {here}"),
        expected=Text(vi=f"một địa chỉ trong {zone.prefix}", en=f"an address in {zone.prefix}"),
        todo=Text(vi=f"viết {key}: {wanted}, hoặc sửa địa chỉ", en=f"write {key}: {wanted}, or correct the address"),
        others=[related(draft.profile_source("hosts", host), Text(vi="máy được khai ở đây", en="declared here"))],
    )


def add_taken(
    draft: Draft, name: str, address: str, at: Source, owner: Text, owners_line: Source | None = None
) -> None:
    """Record that an address has an owner already."""
    draft.conflict(
        at,
        "address-taken",
        Text(
            vi=f"địa chỉ {address} của {name} đã thuộc về {owner.vi}",
            en=f"the address {address} of {name} belongs to {owner.en}",
        ),
        found=Text(vi=address, en=address),
        expected=Text(vi="mỗi máy một địa chỉ", en="an address of its own for each machine"),
        todo=Text(vi="đổi địa chỉ của máy", en="change the machine's address"),
        others=[] if owners_line is None else [related(owners_line, owner)],
    )
