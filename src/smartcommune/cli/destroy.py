"""``smartcommune destroy``: show what will be removed, ask, remove it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.site.models import Site


def destroy(
    context: typer.Context,
    profile: options.Profile,
    target: options.Target = None,
    yes: options.Yes = False,
    wait: options.Wait = 0,
) -> None:
    """Remove the commune's machines, networks, secrets and all data on them. Shows them first and asks.

    Machines that already stood before (target existing) stay as they are; only what the toolkit made is removed.
    """
    from smartcommune.cli.loading import load_commune
    from smartcommune.cli.plan import show_actions
    from smartcommune.cli.privilege import become_root_for
    from smartcommune.cli.progress import progress
    from smartcommune.runs.events import from_machines
    from smartcommune.targets.stack import Stack

    session = of(context)
    site = load_commune(profile, target).site
    become_root_for(session, site.target)
    with Stack(site, wait=timedelta(seconds=wait)) as stack:
        removal = stack.preview_removal()
        show_actions(session, session.text("Sẽ gỡ bỏ", "To be removed"), removal.actions)
        if removal.actions:
            _confirm(session, site, yes=yes)
        with progress(session) as tell:
            stack.destroy(lambda event: tell(from_machines(event)))
        if site.target == "lab":
            from smartcommune.lab.lab import Lab

            Lab(site.profile).clean()  # what was opened to the browser, console logs, snapshots
    session.result(
        session.text(
            f"Đã gỡ bỏ {len(removal.actions)} thứ của {site.profile} trên {site.target}.",
            f"Removed {len(removal.actions)} things of {site.profile} on {site.target}.",
        )
    )
    session.document({"profile": site.profile, "target": site.target, "removed": removal.actions})


def _confirm(session: Session, site: Site, *, yes: bool) -> None:
    question = session.text(
        f"Gỡ bỏ {site.profile} trên {site.target} và mọi dữ liệu?",
        f"Remove {site.profile} on {site.target} and all its data?",
    )
    session.confirm(question, yes=yes)


COMMANDS = (destroy,)
