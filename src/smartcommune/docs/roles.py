"""A role's README: what its catalogue entry and its argument specs say, as tables in both languages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from smartcommune.catalogue.models import Option, Service, Transit
from smartcommune.docs.blocks import render_code, render_table, replace_block
from smartcommune.sizes import format_bytes

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class Role:
    """What a role says about itself: its catalogue entry (none for a building block) and its entry points."""

    name: str
    service: Service | None
    specs: dict[str, dict[str, Any]]


def load_role(folder: Path) -> Role:
    """Read a role's own descriptions."""
    specs = _load(folder / "meta" / "argument_specs.yml").get("argument_specs", {})
    entry = _load(folder / "meta" / "service.yml")
    # through JSON: the models are strict, and only its mode takes a list where a tuple is meant
    service = Service.model_validate_json(json.dumps(entry)) if entry else None
    return Role(name=folder.name, service=service, specs=specs)


def render_readme(role: Role, existing: str) -> str:
    """Return the README: its hand-written part kept, the generated part made anew."""
    if not existing.strip():
        existing = f"# {role.name}\n"
    parts = [*_render_service(role.service), *_render_specs(role.specs)] if role.service else _render_specs(role.specs)
    return replace_block(existing, "\n\n".join(part for part in parts if part))


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.is_file() else {}


def _render_service(service: Service) -> list[str]:
    names = ", ".join
    facts = [
        ("component", service.component),
        ("on every host", "yes" if service.everywhere else ""),
        ("on several hosts", "yes" if service.spread else ""),
        ("beside", service.accompanies or ""),
        ("kinds of host", names(service.kinds)),
        ("provides", names(service.provides)),
        ("requires", names(f"{each.capability} {each.name or ''}".strip() for each in service.requires)),
        ("memory", _size(service.memory)),
        ("disk", _size(service.disk)),
        ("firewall tables", names(service.firewall_tables)),
        ("unit", service.health.unit or ""),
        ("health", " ".join(service.health.command)),
    ]
    ports: Rows = [
        (f"{each.port}/{each.protocol}", names(each.zones), each.purpose.vi, each.purpose.en) for each in service.ports
    ]
    reached: Rows = [
        (each.peer, f"{each.port}/{each.protocol}", each.purpose.vi, each.purpose.en) for each in service.egress
    ]
    passed: Rows = [
        (names(each.sources), each.to, _flow(each), each.purpose.vi, each.purpose.en) for each in service.transit
    ]
    endpoints: Rows = [
        (each.name or "(domain)", each.audience, each.title.vi, each.title.en) for each in service.endpoints
    ]
    data: Rows = [(each.name, each.sensitivity, each.description.vi, each.description.en) for each in service.data]
    secrets: Rows = [(render_code(each.name), each.kind, each.purpose.vi, each.purpose.en) for each in service.secrets]
    return [
        f"**{service.title.vi}** – {service.purpose.vi}",
        f"**{service.title.en}** – {service.purpose.en}",
        "## Service",
        render_table(("", ""), [(key, render_code(value)) for key, value in facts if value]),
        *_section("Ports", ("port", "from zones", "vi", "en"), ports),
        *_section("Reaches", ("peer", "port", "vi", "en"), reached),
        *_section("Lets pass", ("from zones", "to zone", "port", "vi", "en"), passed),
        *_section("Addresses", ("name", "audience", "vi", "en"), endpoints),
        *_section("Data", ("name", "sensitivity", "vi", "en"), data),
        *_section("Secrets", ("name", "kind", "vi", "en"), secrets),
        *_section("Profile keys", ("key", "type", "default", "vi", "en"), _options(service)),
    ]


def _flow(transit: Transit) -> str:
    ports = ", ".join(map(str, transit.ports)) or "all"
    return f"{ports}/{transit.protocol}"


def _options(service: Service) -> Rows:
    rows: Rows = []
    for key, option in service.options.items():
        rows.append(_option(key, option, required=option.required))
        required = option.required_columns()
        rows += [_option(f"{key}[].{name}", each, required=name in required) for name, each in option.columns.items()]
    return rows


def _option(key: str, option: Option, *, required: bool) -> tuple[str, ...]:
    """Return the row of a key, or of a column of a table."""
    kind = f"{option.type}: {' | '.join(map(str, option.values))}" if option.values else option.type
    default = "**required**" if required else render_code(_value(option.default))
    texts = (f"{option.title.vi}: {option.description.vi}", f"{option.title.en}: {option.description.en}")
    return (render_code(key), kind, default, *texts)


def _render_specs(specs: dict[str, dict[str, Any]]) -> list[str]:
    parts = []
    for entry, spec in specs.items():
        title = "## Role variables" if entry == "main" else f"## Entry point `{entry}`"
        description = spec.get("description", spec.get("short_description", ""))
        text = " ".join([description] if isinstance(description, str) else description)
        rows = [
            (
                render_code(name),
                _type(option),
                "**required**" if option.get("required") else render_code(_value(option.get("default"))),
                _plain(option.get("description", "")),
            )
            for name, option in spec.get("options", {}).items()
        ]
        parts += [title, _plain(text), render_table(("variable", "type", "default", "what it says"), rows)]
    return parts


def _section(title: str, head: tuple[str, ...], rows: Rows) -> list[str]:
    return [f"### {title}", render_table(head, rows)] if rows else []


def _type(option: dict[str, Any]) -> str:
    kind = option.get("type", "str")
    return f"list of {option['elements']}" if kind == "list" and "elements" in option else str(kind)


def _value(value: object) -> str:
    if value is None:
        return ""
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(description: str | list[str]) -> str:
    """Return Ansible's markup as Markdown: ``C(x)`` and ``V(x)`` are code."""
    text = description if isinstance(description, str) else " ".join(description)
    return re.sub(r"\b[CVOE]\(([^)]*)\)", lambda found: render_code(found[1]), " ".join(text.split()))


def _size(size: int) -> str:
    """Return a size, or nothing where a service takes none."""
    return format_bytes(size) if size else ""
