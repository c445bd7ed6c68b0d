"""Options and settings: every value that applies, whether it was written, and the line it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune.site.models import PlacedService, Setting, to_plain

if TYPE_CHECKING:
    from smartcommune.profile.network import Model
    from smartcommune.site.draft import Draft, Placement


def make_service(draft: Draft, placement: Placement) -> PlacedService:
    """Return a placed service with all its options resolved."""
    service = placement.service
    options: dict[str, Any] = {}
    files: dict[str, str] = {}
    for name, option in service.options.items():
        path = (*(placement.path or (service.name,)), name)
        if name in placement.written:
            value, origin, source = placement.written[name], "written", draft.profile_source(*path)
            if path in draft.loaded.files:
                value, files[name] = draft.loaded.files[path]
        else:
            value, origin = option.default, "default"
            source = draft.catalogue_source(service.name, "options", name, "default")
        options[name] = to_plain(value)
        draft.settings.append(Setting(f"{service.name}.{name}", options[name], origin, (source,)))  # type: ignore[arg-type]
    return PlacedService(
        service.name,
        placement.host,
        options,
        service.memory,
        service.disk,
        service.install_seconds,
        service.health.unit,
        service.health.command,
        tuple(item.model_dump() for item in service.data),
        placement.sources,
        files,
    )


def add_profile_settings(draft: Draft) -> None:
    """Record the profile's own values with the line of the profile, or of the model's default."""
    profile = draft.loaded.profile
    _record(draft, profile, (), ("level",))
    _record(draft, profile.commune, ("commune",), ("code", "name", "pilot", "languages", "domain"))
    _record(draft, profile.link, ("link",), ("down", "up", "rtt"))
    _record(draft, profile.network, ("network",), ("block",))
    for name in draft.hosts:
        _record(draft, profile.hosts[name], ("hosts", name), ("kind", "site", "zone", "memory", "disk"))


def _record(draft: Draft, model: Model, path: tuple[str, ...], names: tuple[str, ...]) -> None:
    for name in names:
        value = to_plain(getattr(model, name))
        if (*path, name) in draft.loaded.positions:
            setting = Setting(".".join((*path, name)), value, "written", (draft.profile_source(*path, name),))
        elif name == "zone":
            host = draft.hosts[path[1]]
            source = draft.default_source("Host", "zone")
            setting = Setting(".".join((*path, name)), host.zone.name, "default", (source,))
        elif value is None:
            continue
        else:
            source = draft.default_source(type(model).__name__, name)
            setting = Setting(".".join((*path, name)), value, "default", (source,))
        draft.settings.append(setting)
