"""``smartcommune explain``: which line of the profile and which role asked for each part of the commune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.site.models import Site, SiteHost, Source

Row = tuple[str, str, tuple["Source", ...]]


def explain(
    context: typer.Context,
    profile: options.Profile,
    about: Annotated[
        str | None,
        typer.Argument(
            metavar="[ABOUT]", help="Only lines with this word: a host, a service, a port.", show_default=False
        ),
    ] = None,
    target: options.Target = None,
) -> None:
    """Show what the profile compiles to, and which line asked for each host, service, port, name and secret."""
    from smartcommune.cli.loading import load_commune
    from smartcommune.site.models import to_plain

    session = of(context)
    site = load_commune(profile, target).site
    session.document(to_plain(site))
    commune = site.commune
    session.result(
        f"{commune['name']} ({commune['code']}), {commune['province']} – {site.domain} → {site.target}", style="bold"
    )
    for title, rows in sections(site, session):
        kept = [row for row in rows if about is None or about in f"{row[0]} {row[1]}"]
        if kept:
            session.result(title, style="bold")
        for subject, value, sources in kept:
            session.result(f"  {subject}: {value}" if value else f"  {subject}")
            for source in sources:
                session.result(f"      {source.file}:{source.line} {source.key}", style="dim")


def sections(site: Site, session: Session) -> Iterator[tuple[str, list[Row]]]:
    """Yield a title and its rows for each kind of thing that a Site holds."""
    yield session.text("Máy", "Hosts"), [_host(host) for host in site.hosts]
    services: list[Row] = [
        (f"{host.name} {service.name}", "", service.sources) for host in site.hosts for service in host.services
    ]
    yield session.text("Dịch vụ", "Services"), services
    origins = {
        "written": "",
        "default": session.text(" (mặc định)", " (default)"),
        "derived": session.text(" (suy ra)", " (derived)"),
    }
    settings = {
        setting.key: (setting.key, f"{setting.value}{origins[setting.origin]}", setting.sources)
        for setting in site.settings
    }
    yield session.text("Lựa chọn", "Choices"), list(settings.values())
    inbound = [
        (f"{host.name} ← {', '.join(rule.zones)}", f"{rule.protocol}/{rule.port} {rule.service}", rule.sources)
        for host in site.hosts
        for rule in host.inbound
    ]
    yield session.text("Cổng vào", "Inbound ports"), inbound
    outbound = [
        (f"{host.name} → {rule.peer} {rule.address}", f"{rule.protocol}/{rule.port} {rule.service}", rule.sources)
        for host in site.hosts
        for rule in host.outbound
    ]
    yield session.text("Kết nối ra", "Outbound"), outbound
    endpoints = [
        (f"https://{each.name}/", f"{each.host} {each.service} ({each.audience})", each.sources)
        for each in site.endpoints
    ]
    yield session.text("Địa chỉ web", "Web addresses"), endpoints
    grants = [
        (
            f"{grant.consumer_host} {grant.consumer}",
            f"{grant.capability} {grant.name or ''} ← {grant.provider_host} {grant.provider}",
            grant.sources,
        )
        for grant in site.grants
    ]
    yield session.text("Dịch vụ dùng của nhau", "What services use of each other"), grants
    secrets: list[Row] = [(need.id, f"{need.kind}, {need.length}", need.sources) for need in site.secrets]
    yield session.text("Bí mật (chỉ tên)", "Secrets (names only)"), secrets


def _host(host: SiteHost) -> Row:
    room = f"{host.memory / 2**30:.3g} GiB, {host.disk / 2**30:.3g} GiB"
    return (
        host.name,
        f"{host.kind}, {host.zone}, {host.address}/{host.prefix_length}, {room}, {host.fqdn}",
        host.sources,
    )


COMMANDS = (explain,)
