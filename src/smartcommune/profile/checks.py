"""What a profile's parts must agree on with each other and with the world: checked on the data as written.

The checks read the raw mappings, so that they run, and tell all they see, when other parts of the file are broken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartcommune.document.nearest import fold, nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import not_allowed
from smartcommune.profile.communes import load_former, load_official
from smartcommune.profile.models import Targets
from smartcommune.profile.names import HOST_NAME_RULE, hyphenate, is_host_name, is_unicast
from smartcommune.profile.network import ZONES
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.document.model import Document, KeyPath

_TAKEN_BY_ANSIBLE = ("all", "ungrouped", "localhost", "commune")  # its own words, and the group of all hosts
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_OF_THE_STATE = ("lab", "logs", "passphrase", "pulumi", "setup")  # what else stands beside the communes' state
_CODE = re.compile(r"\d{5}")


def check_file_name(document: Document, name: str) -> None:
    """The file's name can name the commune's state, its stack and its lab."""
    if _FILE_NAME.fullmatch(name) and name not in _OF_THE_STATE:
        return
    trap = Trap(
        "file-name",
        Text(vi=f"«{name[:60]}.yml» không thể là tên hồ sơ", en=f"«{name[:60]}.yml» cannot be a profile's name"),
        Text(
            vi=f"chữ thường không dấu, số, - và _, nhiều nhất 60; không phải {', '.join(_OF_THE_STATE)}",
            en=f"small letters without marks, digits, - and _, at most 60; none of {', '.join(_OF_THE_STATE)}",
        ),
        Text(vi="đổi tên tệp", en="rename the file"),
    )
    folded = hyphenate(name)
    usable = _FILE_NAME.fullmatch(folded) and folded not in _OF_THE_STATE
    found = Text(vi=name[:80], en=name[:80])
    document.add_at(1, 1, (), trap, found=found, suggestion=f"{folded}.yml" if usable else None)


def check_commune(document: Document) -> None:
    """The code is in the official list, and the name is the one it has there."""
    commune = document.mapping("commune")
    code, name = commune.get("code"), commune.get("name")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return
    official = load_official().get(code)
    if official is None:
        _unknown_code(document, code, name)
    elif isinstance(name, str) and name != official.name:
        former = load_former().get(code)
        old = f" (mã cũ của {former.old_name} là {code})" if former else ""
        trap = Trap(
            "commune-name",
            Text(vi=f"mã {code} là của xã {official.name}{old}", en=f"the code {code} is that of {official.name}"),
            Text(vi=f"{official.name}, tỉnh {official.province}", en=f"{official.name}, province {official.province}"),
            Text(vi="sửa tên, hoặc sửa mã xã", en="correct the name, or the code"),
        )
        document.add(("commune", "name"), trap, suggestion=official.name)


def _unknown_code(document: Document, code: str, name: object) -> None:
    former = load_former().get(code)
    if former is not None:
        today = load_official()[former.code]
        trap = Trap(
            "former-code",
            Text(
                vi=f"{code} là mã cũ của {former.old_name}, nay thuộc xã {today.name}",
                en=f"{code} is the old code of {former.old_name}, which is now in {today.name}",
            ),
            Text(vi="mã trong danh mục từ 2025-07-01", en="a code of the list in force since 2025-07-01"),
            Text(vi=f'viết code: "{former.code}"', en=f'write code: "{former.code}"'),
        )
        document.add(("commune", "code"), trap, suggestion=f'"{former.code}"')
        return
    named = [item for item in load_official().values() if isinstance(name, str) and fold(item.name) == fold(name)]
    suggestion = f'"{named[0].code}" ({named[0].name}, {named[0].province})' if named else None
    trap = Trap(
        "unknown-code",
        Text(vi=f"không có xã nào mang mã {code}", en=f"no commune has the code {code}"),
        Text(vi="mã trong danh mục từ 2025-07-01", en="a code of the list in force since 2025-07-01"),
        Text(vi="tra mã trong danh mục đơn vị hành chính", en="look the code up in the list of administrative units"),
    )
    document.add(("commune", "code"), trap, suggestion=suggestion)


def check_hosts(document: Document, services: Iterable[str]) -> None:
    """Host names can be parts of domain names, and mean nothing else where hosts are chosen."""
    taken: dict[str, Text] = {
        **dict.fromkeys(_TAKEN_BY_ANSIBLE, Text(vi="Ansible", en="Ansible")),
        **dict.fromkeys(ZONES, Text(vi="một vùng mạng", en="a network zone")),
        **dict.fromkeys(services, Text(vi="một dịch vụ", en="a service")),
    }
    for name in document.mapping("hosts"):
        if name in taken:
            owner = taken[name]
            trap = Trap(
                "host-name-taken",
                Text(vi=f"«{name}» đã là tên của {owner.vi}", en=f"«{name}» is the name of {owner.en} already"),
                Text(vi="một tên chỉ chỉ tới máy này", en="a name that means this machine only"),
                Text(vi="đổi tên máy", en="rename the host"),
            )
            found = Text(vi=name, en=name)
            document.add(("hosts", name), trap, found=found, suggestion=f"{name}-1", at_key=True)
        elif not is_host_name(name):
            trap = Trap(
                "host-name",
                Text(vi=f"«{name[:60]}» không thể là tên máy", en=f"«{name[:60]}» cannot be a host's name"),
                HOST_NAME_RULE,
                Text(vi="đổi tên máy", en="rename the host"),
            )
            folded = hyphenate(name)
            suggestion = folded if is_host_name(folded) else None
            document.add(("hosts", name), trap, found=Text(vi=name, en=name), suggestion=suggestion, at_key=True)


def check_targets(document: Document) -> None:
    """Machines that already stand are hosts of the profile, at valid addresses that differ."""
    targets = document.data.get("targets") if isinstance(document.data, dict) else None
    for name, target in document.mapping("targets").items():
        if target is None and name in Targets.model_fields:
            document.add(("targets", name), _no_value(name))
    if targets == {}:
        trap = Trap(
            "no-target",
            Text(vi="không có đích triển khai nào", en="there is no target"),
            Text(vi="lab hoặc existing", en="lab or existing"),
            Text(vi="viết chẳng hạn: lab: {}", en="write for example: lab: {}"),
        )
        document.add(("targets",), trap)
    hosts = document.mapping("hosts")
    seen: dict[tuple[str, str], str] = {}
    for name, machine in document.mapping("targets", "existing", "hosts").items():
        path: KeyPath = ("targets", "existing", "hosts", name)
        if hosts and name not in hosts:
            found, suggestion = Text(vi=name, en=name), nearest(name, hosts)
            near = (document.see(("hosts", suggestion)),) if suggestion else ()
            document.add(path, unknown_host(list(hosts)), found=found, suggestion=suggestion, related=near, at_key=True)
        address = machine.get("address") if isinstance(machine, dict) else None
        if not isinstance(address, str):
            continue
        if not is_unicast(address):
            document.add((*path, "address"), _bad_address())
            continue
        first = seen.setdefault((address, str(machine.get("port", 22))), name)
        if first != name:
            _same_address(document, (*path, "address"), ("targets", "existing", "hosts", first, "address"))


def _no_value(target: str) -> Trap:
    return Trap(
        "empty-target",
        Text(vi="đích này không có giá trị", en="the target has no value"),
        Text(vi="các khóa của nó, hoặc {}", en="its keys, or {}"),
        Text(vi=f"viết chẳng hạn: {target}: {{}}", en=f"write for example: {target}: {{}}"),
    )


def unknown_host(hosts: list[str]) -> Trap:
    """Return the fault of a name that is not among the profile's hosts."""
    known = not_allowed(hosts or ["–"], None)
    message = Text(vi="không có máy này trong «hosts»", en="there is no such machine in «hosts»")
    todo = Text(vi="sửa tên máy, hoặc thêm máy vào «hosts»", en="correct the name, or add the machine to «hosts»")
    return known._replace(code="unknown-host", message=message, todo=todo)


def _bad_address() -> Trap:
    return Trap(
        "address",
        Text(vi="không phải là địa chỉ IPv4 của một máy", en="this is not a machine's IPv4 address"),
        Text(vi="bốn số 0–255 có dấu chấm, ví dụ 10.20.3.10", en="four numbers 0–255 with dots, such as 10.20.3.10"),
        Text(vi="sửa địa chỉ", en="correct the address"),
    )


def _same_address(document: Document, path: KeyPath, first: KeyPath) -> None:
    trap = Trap(
        "same-address",
        Text(vi="hai máy có cùng địa chỉ và cổng", en="two machines have the same address and port"),
        Text(vi="mỗi máy một địa chỉ riêng", en="an address of its own for each machine"),
        Text(vi="sửa một trong hai địa chỉ", en="correct one of the two addresses"),
    )
    document.add(path, trap, related=(document.see(first),))
