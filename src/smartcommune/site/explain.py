"""Why each thing is in the Site: the line of the profile, of a role's catalogue entry, or of the province's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from smartcommune.document.nearest import nearest
from smartcommune.errors import UsageError
from smartcommune.sizes import format_bytes
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.site.models import ForwardRule, Setting, Site, SiteHost, Source

Kind = Literal[
    "host", "interface", "service", "inbound", "outbound", "forward", "device", "name", "grant", "secret", "setting"
]

KINDS: dict[Kind, Text] = {
    "host": Text(vi="Máy", en="Hosts"),
    "interface": Text(vi="Cổng mạng của máy", en="Interfaces"),
    "service": Text(vi="Dịch vụ", en="Services"),
    "inbound": Text(vi="Cổng vào", en="Inbound ports"),
    "outbound": Text(vi="Kết nối ra", en="Outbound"),
    "forward": Text(vi="Chuyển tiếp giữa các vùng", en="Forwarded between zones"),
    "device": Text(vi="Thiết bị mạng", en="Devices"),
    "name": Text(vi="Tên và địa chỉ web", en="Names and web addresses"),
    "grant": Text(vi="Dịch vụ dùng của nhau", en="What services use of each other"),
    "secret": Text(vi="Bí mật (chỉ tên)", en="Secrets (names only)"),
    "setting": Text(vi="Lựa chọn", en="Choices"),
}
_OWN_KEYS = ("commune", "link", "network", "sites", "hosts", "devices", "level", "domain")


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

    def text(self) -> str:
        """Return subject and value on one line."""
        shown = ", ".join(map(str, self.value)) if isinstance(self.value, list) else str(self.value)
        return f"{self.subject}: {shown}" if shown else self.subject


def explain(site: Site, what: str | None = None) -> tuple[Explanation, ...]:
    """Return what is in the Site with its reasons; ``what`` is a host, service, zone, port, name, secret, or key.

    A word that nothing goes by is looked for in the texts. Raises UsageError, with a near miss, when it is not there.
    """
    everything = tuple(_all(site))
    if what is None:
        return everything
    found = tuple(item for item in everything if what in item.words or item.subject.startswith(f"{what}."))
    found = found or tuple(item for item in everything if what in item.text())
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
    """Return everything; what belongs to a host comes host by host."""
    for host in site.hosts:
        room = f"{format_bytes(host.memory)}, {format_bytes(host.disk)}"
        value = f"{host.kind}, {host.zone}, {host.address}/{host.prefix_length}, {room}, {host.fqdn}"
        yield Explanation("host", host.name, value, host.name, "written", host.sources, (host.name, host.site))
    for host in site.hosts:
        yield from _on_host(host)
    for device in site.devices:
        value = f"{device.platform}, {device.zone}, {device.address}"
        known_by = (device.name, device.platform, device.address, device.zone, device.site)
        yield Explanation("device", device.name, value, None, "written", device.sources, known_by)
    for endpoint in site.endpoints:
        offered = (endpoint.name, endpoint.host, endpoint.service)
        value = f"{endpoint.host} {endpoint.service} ({endpoint.audience})"
        subject = f"https://{endpoint.name}/"
        yield Explanation("name", subject, value, endpoint.host, "derived", endpoint.sources, offered)
    for grant in site.grants:
        subject = f"{grant.consumer_host} {grant.consumer}"
        given = f"{grant.capability} {grant.name or ''}".strip() + f" ← {grant.provider_host} {grant.provider}"
        parties = (grant.consumer, grant.provider, grant.capability, grant.consumer_host, grant.provider_host)
        yield Explanation("grant", subject, given, grant.consumer_host, "derived", grant.sources, parties)
    for secret in site.secrets:
        words = (secret.id, secret.host, secret.service, secret.name)
        form = f"{secret.kind}, {secret.length}"
        yield Explanation("secret", secret.id, form, secret.host, "derived", secret.sources, words)
    seen: set[str] = set()
    for setting in site.settings:
        if setting.key not in seen:  # a service's options are the same on each of its hosts
            yield _setting(setting)
        seen.add(setting.key)


def _setting(setting: Setting) -> Explanation:
    group, *rest = setting.key.split(".")
    words = (setting.key, group, *(rest[:1] if group in _OWN_KEYS else rest[-1:]))
    return Explanation("setting", setting.key, setting.value, None, setting.origin, setting.sources, words)


def _on_host(host: SiteHost) -> Iterator[Explanation]:
    """Return the interfaces, services, rules and names of one host."""
    for link in host.interfaces:
        subject = f"{host.name} {link.name}".strip()
        value = f"{link.zone} {link.address}/{link.prefix_length}"
        words = (host.name, link.zone, link.address)
        yield Explanation("interface", subject, value, host.name, "derived", host.sources, words)
    for service in host.services:
        subject = f"{host.name} {service.name}"
        yield Explanation("service", subject, "", host.name, "derived", service.sources, (service.name, host.name))
    for inbound in host.inbound:
        port = f"{inbound.protocol}/{inbound.port}"
        origins = ", ".join((*inbound.zones, *inbound.addresses))
        known_by = (host.name, inbound.service, str(inbound.port), port, *inbound.addresses, *inbound.zones)
        subject, value = f"{host.name} ← {origins}", f"{port} {inbound.service}"
        yield Explanation("inbound", subject, value, host.name, "derived", inbound.sources, known_by)
    for outbound in host.outbound:
        port = f"{outbound.protocol}/{outbound.port}"
        subject, value = f"{host.name} → {outbound.peer} {outbound.address}", f"{port} {outbound.service}"
        called = (host.name, outbound.service, outbound.peer, outbound.address, str(outbound.port), port)
        yield Explanation("outbound", subject, value, host.name, "derived", outbound.sources, called)
    for rule in host.forward:
        yield _forward(host, rule)
    yield Explanation("name", host.fqdn, host.address, host.name, "derived", host.sources, (host.fqdn, host.name))


def _forward(host: SiteHost, rule: ForwardRule) -> Explanation:
    ports = tuple(f"{rule.protocol}/{port}" for port in rule.ports) or (f"{rule.protocol}",)
    subject = f"{host.name}: {rule.from_zone} {rule.source} → {rule.to_zone} {rule.destination}"
    words = (host.name, rule.service, rule.from_zone, rule.to_zone, rule.source, rule.destination)
    numbers = tuple(map(str, rule.ports))
    value = f"{', '.join(ports)} {rule.service}"
    return Explanation("forward", subject, value, host.name, "derived", rule.sources, (*words, *ports, *numbers))
