"""``smartcommune verify``: run the services' checks and write the report; nothing is changed on any host."""

from __future__ import annotations

import typer

from smartcommune.cli import options
from smartcommune.cli.session import of


def verify(
    context: typer.Context, profile: options.Profile, target: options.Target = None, limit: options.Limit = None
) -> None:
    """Check what runs: each service's checks on each of its hosts, as a user of it too. Writes the report."""
    from smartcommune.cli.apply import show_outcome
    from smartcommune.cli.loading import check_hosts, load_commune
    from smartcommune.cli.privilege import become_root_for
    from smartcommune.cli.progress import progress
    from smartcommune.runs.apply import Settings, verify
    from smartcommune.targets.outputs import fetch_outputs

    session = of(context)
    commune = load_commune(profile, target)
    settings = Settings(limit=check_hosts(commune, limit, devices=True), language=session.language)
    become_root_for(session, commune.site.target)
    outputs = fetch_outputs(commune.site)
    with progress(session) as tell:
        outcome = verify(commune.site, commune.catalogue, outputs, settings, tell)
    show_outcome(session, commune, outcome, applied=False)
    raise typer.Exit(outcome.exit_code)


COMMANDS = (verify,)
