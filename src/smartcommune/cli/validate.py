"""``smartcommune validate``: all faults of a profile, at once, touching nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from smartcommune.cli import options
from smartcommune.cli.session import of

if TYPE_CHECKING:
    from smartcommune.errors import SmartCommuneError


def validate(context: typer.Context, profiles: options.Profiles = None) -> None:
    """Check profiles: every fault at once, with its line and what to do. Nothing is touched."""
    from smartcommune import paths
    from smartcommune.errors import SmartCommuneError
    from smartcommune.site import load_site

    session = of(context)
    names = profiles or sorted(path.stem for path in (paths.checkout() / "commune_profiles").glob("*.yml"))
    checked: list[dict[str, Any]] = []
    worst = 0
    for name in names:
        try:
            site = load_site(name, None)
        except SmartCommuneError as error:
            worst = max(worst, error.exit_code)
            checked.append(_invalid(name, error))
            if not session.json:
                from smartcommune.cli.failure import show_failure

                show_failure(error, session)
            continue
        services = sum(len(host.services) for host in site.hosts)
        checked.append({"profile": name, "valid": True, "hosts": len(site.hosts), "services": services, "faults": []})
        line = session.text(
            f"✓ {name}: hợp lệ – {len(site.hosts)} máy, {services} dịch vụ",
            f"✓ {name}: valid – {len(site.hosts)} hosts, {services} services",
        )
        session.result(line, style="green")
    session.document({"valid": worst == 0, "profiles": checked})
    raise typer.Exit(worst)


def _invalid(name: str, error: SmartCommuneError) -> dict[str, Any]:
    from smartcommune.errors import InputErrors

    faults = error.to_plain() if isinstance(error, InputErrors) else []
    return {"profile": name, "valid": False, "message": error.message, "todo": error.todo, "faults": faults}


COMMANDS = (validate,)
