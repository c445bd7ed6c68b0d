"""What the shell may complete: profiles, targets, hosts and web addresses. Never fails, whatever a profile says."""

from __future__ import annotations

from typing import Any

import typer


def profiles(incomplete: str) -> list[str]:
    """Return the names of profiles that begin so."""
    from smartcommune import paths

    return sorted(
        path.stem for path in (paths.checkout() / "commune_profiles").glob("*.yml") if path.stem.startswith(incomplete)
    )


def targets(context: typer.Context, incomplete: str) -> list[str]:
    """Return the targets of the profile already typed."""
    return _matching(_read(context).get("targets") or {"lab": {}}, incomplete)


def hosts(context: typer.Context, incomplete: str) -> list[str]:
    """Return the hosts of the profile already typed."""
    return _matching(_read(context).get("hosts"), incomplete)


def zones(incomplete: str) -> list[str]:
    """Return the network zones."""
    from smartcommune.profile.network import ZONES

    return [name for name in ZONES if name.startswith(incomplete)]


def places(context: typer.Context, incomplete: str) -> list[str]:
    """Return what can be cut: hosts of the profile already typed, and zones."""
    return [*hosts(context, incomplete), *zones(incomplete)]


def sites(context: typer.Context, incomplete: str) -> list[str]:
    """Return the sites of the profile already typed."""
    return _matching(_read(context).get("sites"), incomplete)


def devices(context: typer.Context, incomplete: str) -> list[str]:
    """Return the network devices of the profile already typed."""
    return _matching(_read(context).get("devices"), incomplete)


def endpoints(context: typer.Context, incomplete: str) -> list[str]:
    """Return the first labels of the web addresses of the services that the profile already typed has chosen."""
    chosen = _read(context).get("components")
    if not isinstance(chosen, dict):
        return []
    from smartcommune import paths

    names = []
    for component in chosen.values():
        for service in component if isinstance(component, dict) else ():
            entry = _load(paths.checkout() / "roles" / str(service) / "meta" / "service.yml")
            names += [str(endpoint.get("name")) for endpoint in entry.get("endpoints", ()) if endpoint.get("name")]
    return sorted(name for name in names if name.startswith(incomplete))


def _matching(names: Any, incomplete: str) -> list[str]:
    return sorted(str(name) for name in names if str(name).startswith(incomplete)) if isinstance(names, dict) else []


def _read(context: typer.Context) -> dict[str, Any]:
    """Return the raw profile that the command line names so far, or nothing."""
    from pathlib import Path

    from smartcommune import paths

    name = context.params.get("profile")
    if not isinstance(name, str) or not name:
        return {}
    path = Path(name) if "/" in name else paths.checkout() / "commune_profiles" / f"{name}.yml"
    return _load(path)


def _load(path: Any) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
