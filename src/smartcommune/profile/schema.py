"""The JSON Schema of profiles for editors: every key with its note in both languages, options from the catalogue.

``python -m smartcommune.docs`` writes it to ``docs/schema/profile.json``; a test keeps that file equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from smartcommune.keys import Key
from smartcommune.profile.models import COMPONENT_TITLES, COMPONENTS, Profile
from smartcommune.profile.quantities import DURATIONS, RATES
from smartcommune.profile.services import HOST_OPTION
from smartcommune.sizes import BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartcommune.catalogue.models import Catalogue, Option, Service

_JSON_TYPES = {
    "string": "string",
    "file": "string",
    "integer": "integer",
    "boolean": "boolean",
    "list": "array",
    "number": "number",
    "host": "string",
    "table": "array",
}
_HOST = Key(
    "Máy",
    "Host",
    "Máy mà dịch vụ được đặt; mặc định là máy đầu tiên đúng loại.",
    "The machine that the service is put on; default the first one of its kind.",
    "server-1",
)
_HOSTS = Key(
    "Các máy",
    "Hosts",
    "Máy, hoặc danh sách các máy, mà dịch vụ được đặt.",
    "The machine, or the list of machines, that the service is put on.",
    ["gateway-1", "gateway-2"],
)
_QUANTITIES = {
    "Host": {"memory": BYTES, "disk": BYTES},
    "Link": {"down": RATES, "up": RATES, "rtt": DURATIONS},
}


def export(catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of a profile whose services are those of the catalogue."""
    schema = Profile.model_json_schema(by_alias=True)
    for model, quantities in _QUANTITIES.items():
        for name, units in quantities.items():
            _as_quantity(schema["$defs"][model]["properties"][name], units)
    components = schema["properties"]["components"]
    titles = {
        name: Key(title.vi, title.en, title.vi, title.en, {}).to_schema() for name, title in COMPONENT_TITLES.items()
    }
    _replace(components, {name: _component(catalogue, name) | titles[name] for name in COMPONENTS})
    _replace(schema["properties"]["foundation"], _component(catalogue, "foundation")["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "profile.json",
        **schema,
        "title": "Hồ sơ xã thông minh / Smart commune profile",
        "description": "Một tệp cho mỗi xã.\n\nOne file for each commune.",
    }


def render(schema: dict[str, Any]) -> str:
    """Return the schema as the file has it."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _as_quantity(key: dict[str, Any], units: dict[str, int]) -> None:
    """Describe a quantity as people write it instead of as the integer it becomes."""
    for name in ("type", "minimum", "maximum", "default"):
        key.pop(name, None)
    key |= {"type": ["string", "integer"], "pattern": rf"^\d+(\.\d+)? ?({'|'.join(units)})$"}


def _replace(key: dict[str, Any], properties: dict[str, Any]) -> None:
    """Give a mapping of free keys its known ones."""
    for name in ("additionalProperties", "propertyNames"):
        key.pop(name, None)
    key |= {"type": "object", "properties": properties, "additionalProperties": False}


def _component(catalogue: Catalogue, component: str) -> dict[str, Any]:
    services = {name: _service(item) for name, item in catalogue.items() if item.component == component}
    return {"type": "object", "properties": services, "additionalProperties": False}


def _service(service: Service) -> dict[str, Any]:
    schema = _mapping(service.options, tuple(name for name, option in service.options.items() if option.required))
    if service.component != "foundation":
        schema["properties"][HOST_OPTION] = _host(several=service.spread or service.accompanies is not None)
    example = {name: option.example for name, option in service.options.items() if option.required}
    note = Key(service.title.vi, service.title.en, service.purpose.vi, service.purpose.en, example)
    return {"type": "object", **note.to_schema(), **schema}


def _host(*, several: bool) -> dict[str, Any]:
    one: dict[str, Any] = {"type": "string"}
    if not several:
        return one | _HOST.to_schema()
    return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}], **_HOSTS.to_schema()}


def _mapping(options: Mapping[str, Option], required: tuple[str, ...]) -> dict[str, Any]:
    """Describe a service's options, or a row of a table."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _option(option) for name, option in options.items()},
        "additionalProperties": False,
    }
    return schema | ({"required": list(required)} if required else {})


def _option(option: Option) -> dict[str, Any]:
    note = Key(option.title.vi, option.title.en, option.description.vi, option.description.en, option.example)
    schema: dict[str, Any] = {"type": _JSON_TYPES[option.type]}
    choice = {"enum": list(option.values)} if option.values else {}
    if option.type == "table":
        schema["items"] = _mapping(option.columns, option.required_columns())
    elif option.type == "list" and choice:
        schema["items"] = choice
    else:
        schema |= choice
    rules = {"pattern": option.pattern, "minimum": option.minimum, "maximum": option.maximum, "default": option.default}
    kept = {name: value for name, value in rules.items() if value is not None}
    return {**schema, **kept, **note.to_schema()}
