"""Options and settings: every value that applies, whether it was written, and the line it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.site.models import PlacedService, Setting, Source, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.catalogue.models import Option
    from smartcommune.catalogue.rules import RulesFile
    from smartcommune.document.model import KeyPath
    from smartcommune.profile.network import Model
    from smartcommune.site.draft import Draft, Placement


def make_service(draft: Draft, placement: Placement) -> PlacedService:
    """Return a placed service with all its options resolved."""
    service = placement.service
    options: dict[str, Any] = {}
    files: dict[str, str] = {}
    for name, option in service.options.items():
        path = (*(placement.path or (service.name,)), name)
        written = name in placement.written
        value = placement.written[name] if written else option.default
        if option.type == "table":
            rows = enumerate(value or ())
            options[name] = [_row(draft, files, option, row, (*path, index), f"{name}.{index}") for index, row in rows]
        else:
            options[name] = _resolve(draft, files, value, path, name)
        draft.settings += _settings(draft, service.name, name, option, options[name], path if written else None)
    if rules := draft.catalogue.rules.get(service.name):
        derived = to_plain(dict(rules.derive(dict(options))))
        draft.settings += _derived(draft, service.name, placement.path or (), rules, derived)
        options |= derived
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
        service.title.model_dump(),
    )


def _row(
    draft: Draft, files: dict[str, str], table: Option, row: dict[str, Any], path: KeyPath, name: str
) -> dict[str, Any]:
    """Return a row with all its columns."""
    return {
        column: _resolve(draft, files, row.get(column, option.default), (*path, column), f"{name}.{column}")
        for column, option in table.columns.items()
    }


def _resolve(draft: Draft, files: dict[str, str], value: Any, path: KeyPath, name: str) -> Any:
    """Return a value as roles get it; a file's digest goes into ``files`` under ``name``."""
    if path in draft.loaded.files:
        value, files[name] = draft.loaded.files[path]
    return to_plain(value)


def _derived(draft: Draft, service: str, path: KeyPath, rules: RulesFile, derived: dict[str, Any]) -> Iterator[Setting]:
    """Yield what the role's rules made of the options; of a mapping each entry. Its reasons: the choice, the rules."""
    chosen = (draft.profile_source(*path),) if path else ()
    sources = (*chosen, Source(paths.display(rules.path), 1, "derive"))
    for name, value in derived.items():
        entries = (
            {f".{key}": entry for key, entry in value.items()} if value and isinstance(value, dict) else {"": value}
        )
        for suffix, entry in entries.items():
            yield Setting(f"{service}.{name}{suffix}", entry, "derived", sources)


def _settings(
    draft: Draft, service: str, name: str, option: Option, value: Any, path: KeyPath | None
) -> Iterator[Setting]:
    """Yield an option's value with its line; of a table that was written, each row with its own."""
    key = f"{service}.{name}"
    if path is None:
        yield Setting(key, value, "default", (draft.catalogue_source(service, "options", name, "default"),))
    elif option.type == "table" and value:
        for index, row in enumerate(value):
            label = index if option.key is None else row[option.key]
            yield Setting(f"{key}.{label}", row, "written", (draft.profile_source(*path, index),))
    else:
        yield Setting(key, value, "written", (draft.profile_source(*path),))


def add_profile_settings(draft: Draft) -> None:
    """Record the profile's own values with the line of the profile, or of the model's default."""
    profile = draft.loaded.profile
    _record(draft, profile, (), ("level",))
    _record(draft, profile.commune, ("commune",), ("code", "name", "pilot", "languages", "domain"))
    _record(draft, profile.link, ("link",), ("down", "up", "rtt"))
    _record(draft, profile.network, ("network",), ("block",))
    for name, place in profile.sites.items():
        _record(draft, place, ("sites", name), ("title", "block"))
        if place.link is not None:
            _record(draft, place.link, ("sites", name, "link"), ("down", "up", "rtt"))
    for name in draft.hosts:
        _record(draft, profile.hosts[name], ("hosts", name), ("kind", "site", "zone", "memory", "disk"))
    for name, device in profile.devices.items():
        _record(draft, device, ("devices", name), ("platform", "site", "zone", "address", "port"))


def _record(draft: Draft, model: Model, path: tuple[str, ...], names: tuple[str, ...]) -> None:
    for name in names:
        value = to_plain(getattr(model, name))
        if (*path, name) in draft.loaded.positions:
            setting = Setting(".".join((*path, name)), value, "written", (draft.profile_source(*path, name),))
        elif name == "zone" and path[0] == "hosts":
            host = draft.hosts[path[1]]
            source = draft.default_source("Host", "zone")
            setting = Setting(".".join((*path, name)), host.zone.name, "default", (source,))
        elif value is None:
            continue
        else:
            source = draft.default_source(type(model).__name__, name)
            setting = Setting(".".join((*path, name)), value, "default", (source,))
        draft.settings.append(setting)
