"""What a resource of the provider is: its properties, and what can be done with it.

Resources hold no state of their own: what they know of a thing comes in as properties, and they
return what it is now. Every operation is idempotent, since a killed run repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from smartcommune.errors import SmartCommuneError
from smartcommune.sizes import format_bytes
from smartcommune.targets.provider.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartcommune.text import Text

Properties = dict[str, Any]
_SHOWN_LENGTH = 200

OnChange = Literal["update", "replace", "ignore"]


@dataclass(frozen=True, slots=True)
class Input:
    """One input property: its type, what a change of it asks for, whether it may be left out, how to show it."""

    type: type
    on_change: OnChange
    required: bool = True
    secret: bool = False
    unit: Literal["bytes"] | None = None

    def show(self, value: Any) -> str | None:
        """Return the value as people read it; None for what nobody should or would (secrets, certificates)."""
        if self.secret or value in (None, UNKNOWN):
            return None
        if self.unit == "bytes":
            return format_bytes(value)
        text = ", ".join(map(str, value)) or "–" if isinstance(value, list) else str(value)
        return text if len(text) <= _SHOWN_LENGTH else None


@dataclass(frozen=True, slots=True)
class Drift:
    """A property that is no longer as it was made, and what was seen."""

    property: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Created:
    """A new resource: the provider's id for it, and all its properties."""

    id: str
    properties: Properties = field(repr=False)


class InitFailedError(SmartCommuneError):
    """The thing exists but does not work yet; the engine records it, and the next run repairs it."""

    def __init__(self, cause: SmartCommuneError, created: Created) -> None:
        super().__init__(cause.message, todo=cause.todo)
        self.cause = cause
        self.created = created


class Resource(Protocol):
    """One resource type. ``refreshed``: read the real thing before every plan, so that plain runs heal."""

    type: ClassVar[str]
    inputs: ClassVar[Mapping[str, Input]]
    outputs: ClassVar[frozenset[str]]
    secrets: ClassVar[frozenset[str]]
    refreshed: ClassVar[bool]

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Make the thing, or adopt what an interrupted run of the same ``urn`` made; raises InitFailedError."""
        ...

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return the properties as they are now; None when the thing is gone."""
        ...

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Bring the thing to ``inputs`` in place and mend drift; raises InitFailedError."""
        ...

    def delete(self, id_: str, properties: Properties) -> None:
        """Remove the thing; removing what is gone is no error."""
        ...

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Return in what respect the properties just read are not those of a working thing."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A resource that can say in a preview what creating it will meet."""

    def foresee(self, inputs: Properties) -> Text:
        """Return why and how it will be made; inputs that are not known yet are UNKNOWN. Changes nothing."""
        ...


class Recorded:
    """Base of resources that live in the state alone: nothing to read, nothing to remove."""

    refreshed: ClassVar[bool] = False

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return what is recorded."""
        return properties

    def delete(self, id_: str, properties: Properties) -> None:
        """Forget it: the engine drops it from the state."""

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Return nothing: the record is the thing."""
        return ()
