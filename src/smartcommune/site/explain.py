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
    for host in site.hosts:
        yield Explanation(
            "host", host.name, f"{host.address} ({host.zone})", host.name, "written", host.sources, (host.name,)
        )
    for host in site.hosts:
        yield from _on_host(host)
    for endpoint in site.endpoints:
        words = (endpoint.name, endpoint.host, endpoint.service)
        value = endpoint.title
        yield Explanation("name", endpoint.name, value, endpoint.host, "derived", endpoint.sources, words)
    for grant in site.grants:
        subject = f"{grant.consumer} ← {grant.provider}"
        value = grant.capability if grant.name is None else f"{grant.capability}: {grant.name}"
        words = (grant.consumer, grant.provider, grant.capability)
        yield Explanation("grant", subject, value, grant.consumer_host, "derived", grant.sources, words)
    for secret in site.secrets:
        words = (secret.id, secret.host, secret.service, secret.name)
        value = f"{secret.kind}, {secret.length}"
        yield Explanation("secret", secret.id, value, secret.host, "derived", secret.sources, words)
    for setting in site.settings:
        key, first = setting.key, setting.key.partition(".")[0]
        words = (key, first, *([key.split(".")[1]] if first == "hosts" else []))
        yield Explanation("setting", key, setting.value, None, setting.origin, setting.sources, words)


def _on_host(host: SiteHost) -> Iterator[Explanation]:
    """Return the services, ports and names of one host."""
    for service in host.services:
        words = (service.name, host.name)
        yield Explanation("service", service.name, host.name, host.name, "derived", service.sources, words)
    for inbound in host.inbound:
        subject = f"{host.name} {inbound.protocol}/{inbound.port}"
        words = (host.name, inbound.service, str(inbound.port), f"{inbound.protocol}/{inbound.port}")
        value = [*inbound.zones, *inbound.addresses]
        yield Explanation("inbound", subject, value, host.name, "derived", inbound.sources, words)
    for outbound in host.outbound:
        subject = f"{host.name} → {outbound.address} {outbound.protocol}/{outbound.port}"
        words = (host.name, outbound.service, outbound.peer, str(outbound.port), f"{outbound.protocol}/{outbound.port}")
        yield Explanation("outbound", subject, outbound.peer, host.name, "derived", outbound.sources, words)
    yield Explanation("name", host.fqdn, host.address, host.name, "derived", host.sources, (host.fqdn, host.name))
