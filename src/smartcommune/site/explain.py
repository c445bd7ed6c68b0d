"""Why each thing is in the Site: the line of the profile, of a role's catalogue entry, or of the province's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from smartcommune.document.nearest import nearest
from smartcommune.errors import UsageError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.site.models import Site, SiteHost, Source

Kind = Literal["host", "service", "inbound", "outbound", "name", "grant", "secret", "setting"]

KINDS: dict[Kind, Text] = {
    "host": Text(vi="Máy", en="Hosts"),
    "service": Text(vi="Dịch vụ", en="Services"),
    "inbound": Text(vi="Cổng nhận kết nối", en="Ports that accept connections"),
    "outbound": Text(vi="Kết nối được phép ra ngoài", en="Connections that may be started"),
    "name": Text(vi="Tên và địa chỉ web", en="Names and web addresses"),
    "grant": Text(vi="Dịch vụ phục vụ lẫn nhau", en="What services give each other"),
    "secret": Text(vi="Bí mật", en="Secrets"),
    "setting": Text(vi="Giá trị đã ghi, mặc định và suy ra", en="Values written, default and derived"),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One thing of the Site and who asked for it. ``words`` are what a person may ask for it by."""

    kind: Kind
    subject: str
    value: Any
    host: str | None
    origin: str
    sources: tuple[Source, ...]
    words: tuple[str, ...] = ()


def explain(site: Site, what: str | None = None) -> tuple[Explanation, ...]:
    """Return what is in the Site with its reasons; ``what`` is a host, service, port, name, secret, or key of a value.

    Raises UsageError, with a near miss, when nothing in the Site goes by ``what``.
    """
    everything = tuple(_all(site))
    if what is None:
        return everything
    found = tuple(item for item in everything if what in item.words or item.subject.startswith(f"{what}."))
    if found:
        return found
    words = dict.fromkeys(word for item in everything for word in item.words)
    suggestion = nearest(what, words)
    raise UsageError(
        Text(vi=f"trong thiết kế của xã không có «{what}»", en=f"the commune's design has no «{what}»"),
        todo=Text(
            vi=f"có phải {suggestion}?" if suggestion else "xem toàn bộ bằng «smartcommune explain» không kèm tên",
            en=f"did you mean {suggestion}?" if suggestion else "see all by «smartcommune explain» without a name",
        ),
    )


def _all(site: Site) -> Iterator[Explanation]:
    """Return everything, in the order of ``KINDS``."""
    for host in site.hosts:
        value = f"{host.address} ({host.zone})"
        yield Explanation("host", host.name, value, host.name, "written", host.sources, (host.name,))
    for host in site.hosts:
        yield from _on_host(host)
    for endpoint in site.endpoints:
        known_by = (endpoint.name, endpoint.host, endpoint.service)
        title = endpoint.title
        yield Explanation("name", endpoint.name, title, endpoint.host, "derived", endpoint.sources, known_by)
    for grant in site.grants:
        subject = f"{grant.consumer} ← {grant.provider}"
        given = grant.capability if grant.name is None else f"{grant.capability}: {grant.name}"
        known_by = (grant.consumer, grant.provider, grant.capability)
        yield Explanation("grant", subject, given, grant.consumer_host, "derived", grant.sources, known_by)
    for secret in site.secrets:
        words = (secret.id, secret.host, secret.service, secret.name)
        form = f"{secret.kind}, {secret.length}"
        yield Explanation("secret", secret.id, form, secret.host, "derived", secret.sources, words)
    for setting in site.settings:
        parts = setting.key.split(".")
        owner = tuple(parts[1:2]) if parts[0] == "hosts" else ()
        groups = (setting.key, parts[0], *owner)
        yield Explanation("setting", setting.key, setting.value, None, setting.origin, setting.sources, groups)


def _on_host(host: SiteHost) -> Iterator[Explanation]:
    """Return the services, ports and names of one host."""
    for service in host.services:
        words = (service.name, host.name)
        yield Explanation("service", service.name, host.name, host.name, "derived", service.sources, words)
    for inbound in host.inbound:
        port = f"{inbound.protocol}/{inbound.port}"
        allowed = [*inbound.zones, *inbound.addresses]
        known_by = (host.name, inbound.service, str(inbound.port), port)
        yield Explanation("inbound", f"{host.name} {port}", allowed, host.name, "derived", inbound.sources, known_by)
    for outbound in host.outbound:
        port = f"{outbound.protocol}/{outbound.port}"
        subject = f"{host.name} → {outbound.address} {port}"
        called = (host.name, outbound.service, outbound.peer, str(outbound.port), port)
        yield Explanation("outbound", subject, outbound.peer, host.name, "derived", outbound.sources, called)
    yield Explanation("name", host.fqdn, host.address, host.name, "derived", host.sources, (host.fqdn, host.name))
