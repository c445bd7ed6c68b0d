"""``smartcommune explain``: which line of the profile and which role asked for each part of the commune."""

from __future__ import annotations

from typing import Annotated

import typer

from smartcommune.cli import options
from smartcommune.cli.session import of


def explain(
    context: typer.Context,
    profile: options.Profile,
    about: Annotated[
        str | None,
        typer.Argument(
            metavar="[ABOUT]", help="Only this: a host, a zone, a service, a port, a name, a key.", show_default=False
        ),
    ] = None,
    target: options.Target = None,
) -> None:
    """Show what the profile compiles to, and which line asked for each host, service, port, name and secret."""
    from smartcommune.cli.loading import load_commune
    from smartcommune.site.explain import KINDS
    from smartcommune.site.explain import explain as why
    from smartcommune.site.models import to_plain

    session = of(context)
    site = load_commune(profile, target).site
    found = why(site, about)
    session.document(to_plain(site))
    commune = site.commune
    session.result(
        f"{commune['name']} ({commune['code']}), {commune['province']} – {site.domain} → {site.target}", style="bold"
    )
    origins = {"default": session.text(" (mặc định)", " (default)"), "derived": session.text(" (suy ra)", " (derived)")}
    for kind, title in KINDS.items():
        kept = [item for item in found if item.kind == kind]
        if kept:
            session.result(session.say(title), style="bold")
        for item in kept:
            session.result(f"  {item.text()}{origins.get(item.origin, '') if kind == 'setting' else ''}")
            for source in item.sources:
                session.result(f"      {source.file}:{source.line} {source.key}", style="dim")


COMMANDS = (explain,)
