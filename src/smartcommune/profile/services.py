"""The services that a profile chose, against the catalogue: names, components, options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune.catalogue.rules import resolve_options
from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.document.validation import unknown_key
from smartcommune.profile.checks import unknown_host
from smartcommune.profile.models import COMPONENTS
from smartcommune.profile.options import check_missing, check_option
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smartcommune.catalogue.models import Catalogue, Service
    from smartcommune.document.model import Document, KeyPath
    from smartcommune.profile.loaded import DataFile

HOST_OPTION = "host"  # every chosen service may be pinned to a machine

_SECRET = Trap(
    "secret-in-profile",
    Text(vi="bí mật không được ghi trong hồ sơ", en="secrets never stand in a profile"),
    Text(vi="không ghi gì: bí mật được sinh ra và giữ ở dạng mã hóa", en="nothing: it is generated and kept encrypted"),
    Text(vi="xóa khóa này, và thay bí mật nếu hồ sơ đã được chia sẻ", en="delete it, and change it if it was shared"),
)

_WRONG_PIN = Trap(
    "wrong-option",
    Text(vi="dịch vụ này đứng trên một máy", en="this service stands on one host"),
    Text(vi="tên của một máy trong «hosts»", en="the name of a host in «hosts»"),
    Text(vi="viết chẳng hạn: host: server-1", en="write for example: host: server-1"),
)
_WRONG_PINS = _WRONG_PIN._replace(
    message=Text(vi="đây không phải là máy", en="this is no host"),
    expected=Text(vi="tên của một máy, hoặc danh sách các máy", en="the name of a host, or a list of hosts"),
)
_PINNED_TWICE = Trap(
    "host-twice",
    Text(vi="máy này đã có trong danh sách", en="this host is in the list already"),
    Text(vi="mỗi máy một lần", en="each host once"),
    Text(vi="xóa một trong hai", en="delete one of the two"),
)


def chosen_services(document: Document) -> Iterator[tuple[str, str, KeyPath]]:
    """Return (component, service, path) for every service written in the file, known or not."""
    for component in document.mapping("components"):
        for name in document.mapping("components", component):
            yield component, name, ("components", component, name)
    for name in document.mapping("foundation"):
        yield "foundation", name, ("foundation", name)


def check_services(document: Document, catalogue: Catalogue, base: Path) -> dict[KeyPath, DataFile]:
    """Check every chosen service and return the files that options name; ``base`` is the profile's folder."""
    files: dict[KeyPath, DataFile] = {}
    for component, name, path in chosen_services(document):
        service = catalogue.get(name)
        if service is None:
            _unknown_service(document, catalogue, component, path)
        elif service.component != component and component in {*COMPONENTS, "foundation"}:
            _wrong_component(document, service, path)
        else:
            files |= _check_options(document, service, path, base)
            _check_rules(document, catalogue, service, path)
    return files


def _check_rules(document: Document, catalogue: Catalogue, service: Service, path: KeyPath) -> None:
    """Ask the role's own rules, once each option is valid by itself."""
    rules = catalogue.rules.get(service.name)
    if rules is None or document.is_spoilt(path) or any(known[: len(path)] == path for known in document.spoilt):
        return
    for each in rules.check(resolve_options(service, document.mapping(*path))):
        related = tuple(document.see((*path, *other)) for other in each.related)
        at = (*path, *each.path)
        document.add(at, each.trap, found=each.found, suggestion=each.suggestion, related=related)


def _unknown_service(document: Document, catalogue: Catalogue, component: str, path: KeyPath) -> None:
    name = str(path[-1])
    here = [service.name for service in catalogue.values() if service.component == component]
    suggestion = nearest(name, here) or nearest(name, catalogue, cutoff=0.75)
    trap = Trap(
        "unknown-service",
        Text(vi=f"không có dịch vụ «{name[:60]}»", en=f"there is no service «{name[:60]}»"),
        Text(vi=f"một trong: {', '.join(here) or '–'}", en=f"one of: {', '.join(here) or '–'}"),
        Text(vi="sửa tên dịch vụ hoặc xóa dòng này", en="correct the service's name or delete it"),
    )
    if suggestion is not None and suggestion not in here:
        suggestion = f"{catalogue[suggestion].component}.{suggestion}"
    document.add(path, trap, found=Text(vi=name, en=name), suggestion=suggestion, at_key=True)


def _wrong_component(document: Document, service: Service, path: KeyPath) -> None:
    group = "foundation" if service.component == "foundation" else f"components.{service.component}"
    trap = Trap(
        "wrong-component",
        Text(
            vi=f"dịch vụ «{service.name}» thuộc «{service.component}»",
            en=f"the service «{service.name}» belongs to «{service.component}»",
        ),
        Text(vi=f"{group}.{service.name}", en=f"{group}.{service.name}"),
        Text(vi=f"chuyển dịch vụ vào «{group}»", en=f"move the service under «{group}»"),
    )
    if service.component == "foundation":
        todo = Text(
            vi="xóa dòng này (dịch vụ nền tảng tự được cài), hoặc chuyển các tùy chọn vào «foundation»",
            en="delete it (foundation services are installed by themselves), or move its options under «foundation»",
        )
        trap = trap._replace(todo=todo)
    document.add(path, trap, suggestion=f"{group}.{service.name}", at_key=True)


def _check_options(document: Document, service: Service, path: KeyPath, base: Path) -> dict[KeyPath, DataFile]:
    """Check what is written for one service, and that nothing required is left out."""
    written = document.mapping(*path)
    files: dict[KeyPath, DataFile] = {}
    meant: set[str | None] = set()
    for key, value in written.items():
        option = service.options.get(key)
        if option is not None:
            files |= check_option(document, option, (*path, key), value, base)
        elif key == HOST_OPTION and service.component != "foundation":
            _check_pin(document, service, (*path, key), value)
        elif key in {secret.name for secret in service.secrets}:
            document.add((*path, key), _SECRET, found=Text(vi=key, en=key), at_key=True)
        else:
            allowed = [*service.options, *([HOST_OPTION] if service.component != "foundation" else [])]
            suggestion = nearest(key, [name for name in allowed if name not in written])
            meant.add(suggestion)
            trap = unknown_key(key, allowed)
            document.add((*path, key), trap, found=Text(vi=key, en=key), suggestion=suggestion, at_key=True)
    required = tuple(name for name, option in service.options.items() if option.required)
    check_missing(document, service.options, path, written, meant, required)
    return files


def _check_pin(document: Document, service: Service, path: KeyPath, value: Any) -> None:
    """A service stands on one host; one that may be spread, or that accompanies another, on each of a list."""
    hosts = document.mapping("hosts")
    several = service.spread or service.accompanies is not None
    if isinstance(value, str):
        pins = [(value, path)]
    elif isinstance(value, tuple) and value and several:
        pins = [(item, (*path, index)) for index, item in enumerate(value)]
    else:
        document.add(path, _WRONG_PIN if not several else _WRONG_PINS)
        return
    seen: set[object] = set()
    for host, at in pins:
        if not isinstance(host, str) or host not in hosts:
            document.add(at, unknown_host(list(hosts)), suggestion=nearest(str(host), hosts))
        elif host in seen:
            document.add(at, _PINNED_TWICE)
        seen.add(str(host))
