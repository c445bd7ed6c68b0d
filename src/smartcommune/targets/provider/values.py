"""Property values as they travel between engine and provider: unknowns, secrets, numbers.

Source: the engine's ``sdk/go/common/resource/plugin/rpc.go`` (signatures and the unknown sentinel).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import json_format, struct_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- the engine's marker for secrets, not a secret


def from_wire(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return plain properties: secrets unwrapped, whole numbers as int; unknowns stay ``UNKNOWN``."""
    return {key: _plain(value) for key, value in json_format.MessageToDict(struct).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return _plain(value.get("value"))
        return {key: _plain(item) for key, item in value.items()}
    return value


def to_wire(properties: Mapping[str, Any], secrets: Collection[str] = ()) -> struct_pb2.Struct:
    """Return properties for the engine, those named in ``secrets`` marked so that it encrypts them."""
    struct = struct_pb2.Struct()
    struct.update(
        {
            key: {SIGNATURE: SECRET, "value": value} if key in secrets and value != UNKNOWN else value
            for key, value in properties.items()
        }
    )
    return struct
