"""What a profile says of its network, checked on the data as written: blocks, links, sites and who stands on them."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import not_allowed
from smartcommune.profile.network import Network, Place
from smartcommune.profile.quantities import QuantityError, parse_duration
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.document.model import Document, KeyPath

_LONGEST_RTT = 60_000  # milliseconds: nothing answers so late, so that a wrong unit is seen
_CIDR = re.compile(r"[0-9.]+/[1-9][0-9]?")
_SITE_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_BLOCK_PREFIX = 21
_PRIVATE = tuple(ipaddress.IPv4Network(item) for item in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def check_network(document: Document) -> None:
    """The commune's block is one it can have, its link one that there is, and its sites agree with them."""
    _check_block(document, ("network", "block"), document.mapping("network").get("block"))
    _check_link(document, ("link",))
    for name in document.mapping("sites"):
        _check_name(document, name)
        _check_block(document, ("sites", name, "block"), document.mapping("sites", name).get("block"))
        _check_link(document, ("sites", name, "link"))
    _check_blocks_differ(document)
    _check_known(document, "hosts")
    _check_known(document, "devices")


def _check_link(document: Document, path: KeyPath) -> None:
    """The round trip is one that a link can have."""
    rtt = document.mapping(*path).get("rtt")
    try:
        late = parse_duration(rtt) > _LONGEST_RTT
    except QuantityError:
        return  # told already
    if late:
        trap = Trap(
            "too-slow",
            Text(vi="không đường truyền nào chậm như vậy", en="no link is as slow as that"),
            Text(vi="nhiều nhất 60 s", en="at most 60 s"),
            Text(vi="sửa đơn vị hoặc số", en="correct the unit or the number"),
        )
        document.add((*path, "rtt"), trap)


def _check_block(document: Document, path: KeyPath, block: object) -> None:
    """A block is an aligned private /21."""
    if not isinstance(block, str):
        return
    expected = Text(
        vi="một khối IPv4 riêng /21, ví dụ 10.20.0.0/21 (10/8, 172.16/12 hoặc 192.168/16)",
        en="a private IPv4 block of /21 such as 10.20.0.0/21 (in 10/8, 172.16/12 or 192.168/16)",
    )
    suggestion = None
    try:
        network = ipaddress.IPv4Network(block, strict=False)
    except ValueError:
        message = Text(vi="không phải là một khối IPv4", en="this is not an IPv4 block")
    else:
        if network.prefixlen != _BLOCK_PREFIX or not _CIDR.fullmatch(block):
            message = Text(vi="khối không phải là /21", en="the block is not a /21")
            suggestion = str(ipaddress.IPv4Network(f"{network.network_address}/{_BLOCK_PREFIX}", strict=False))
        elif str(network.network_address) != block.partition("/")[0]:
            message = Text(vi="khối không bắt đầu ở ranh giới /21", en="the block does not begin on a /21 boundary")
            suggestion = str(network)
        elif not any(network.subnet_of(private) for private in _PRIVATE):
            message = Text(vi="khối không thuộc dải địa chỉ riêng", en="the block is not private")
        else:
            return
    todo = Text(vi="chọn một khối do tỉnh cấp cho xã", en="choose the block that the province gave the commune")
    document.add(path, Trap("network-block", message, expected, todo), suggestion=suggestion)


def _check_name(document: Document, name: str) -> None:
    if not _SITE_NAME.fullmatch(name):
        trap = Trap(
            "site-name",
            Text(vi=f"«{name[:60]}» không thể là tên địa điểm", en=f"«{name[:60]}» cannot be a site's name"),
            Text(
                vi="chữ thường không dấu, số và dấu gạch nối, bắt đầu bằng chữ",
                en="small letters without marks, digits and hyphens, beginning with a letter",
            ),
            Text(vi="đổi tên; tên đầy đủ viết ở title", en="rename it; its full name goes into title"),
        )
        document.add(("sites", name), trap, found=Text(vi=name, en=name), at_key=True)


def _check_blocks_differ(document: Document) -> None:
    """Each site but the first has a block of its own, the first has one, and no two are the same."""
    seen: dict[str, KeyPath] = {}
    for index, name in enumerate(document.mapping("sites")):
        path: KeyPath = ("sites", name, "block")
        block, shared = document.mapping("sites", name).get("block"), document.mapping("network").get("block")
        if index == 0:
            if block is not None and shared is not None and block != shared:
                document.add(path, _TWO_BLOCKS, related=(document.see(("network", "block")),))
                continue
            if block is None:
                path = ("network", "block")
            block = block or shared or Network.model_fields["block"].default
        if block is None:
            document.add_missing(path, _NO_BLOCK, list(Place.model_fields))
        if not isinstance(block, str):
            continue  # told already
        first = seen.setdefault(block, path)
        if first != path and not document.is_spoilt(first):
            document.add(path, _SAME_BLOCK, related=(document.see(first),))


def _check_known(document: Document, group: str) -> None:
    """Whoever stands on a site stands on one that there is, once sites are declared."""
    sites = document.mapping("sites")
    for name in document.mapping(group) if sites else ():
        site = document.mapping(group, name).get("site")
        if isinstance(site, str) and site not in sites:
            trap = not_allowed(list(sites), None)._replace(
                code="unknown-site",
                message=Text(vi="không có địa điểm này trong «sites»", en="there is no such site in «sites»"),
                todo=Text(vi="sửa tên, hoặc thêm địa điểm vào «sites»", en="correct it, or add the site to «sites»"),
            )
            document.add((group, name, "site"), trap, suggestion=nearest(site, sites))


_NO_BLOCK = Trap(
    "no-block",
    Text(vi="địa điểm này chưa có khối địa chỉ riêng", en="the site has no address block of its own"),
    Text(vi="một khối IPv4 riêng /21, khác khối của các địa điểm khác", en="a private /21 that no other site has"),
    Text(vi="thêm chẳng hạn: block: 10.20.8.0/21", en="add for example: block: 10.20.8.0/21"),
)
_SAME_BLOCK = Trap(
    "blocks-overlap",
    Text(vi="hai địa điểm có cùng khối địa chỉ", en="two sites have the same address block"),
    Text(vi="mỗi địa điểm một khối riêng", en="a block of its own for each site"),
    Text(vi="chọn một khối khác cho một trong hai", en="choose another block for one of the two"),
)
_TWO_BLOCKS = Trap(
    "two-blocks",
    Text(vi="địa điểm đầu tiên có hai khối địa chỉ khác nhau", en="the first site has two different address blocks"),
    Text(vi="một khối, viết một lần", en="one block, written once"),
    Text(vi="xóa network.block, hoặc block ở đây", en="delete network.block, or the block here"),
)
