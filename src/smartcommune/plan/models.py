"""A plan: what will be created, changed, replaced and removed, each line with its reason and its time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

# imported at run time too: pydantic reads these types when a saved plan is loaded
from smartcommune.site.models import Source
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["create", "update", "replace", "delete"]
KINDS: tuple[Kind, ...] = ("create", "update", "replace", "delete")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that will be done: to what, why, who asked for it, in detail, about how long (seconds)."""

    kind: Kind
    subject: Text
    reason: Text
    sources: tuple[Source, ...]
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Unreached:
    """A host that was not reached: why, and what to do about it."""

    host: str
    message: Text
    todo: Text | None = None


def counts(actions: Sequence[Action]) -> dict[Kind, int]:
    """Return how many actions there are of each kind."""
    return {kind: sum(action.kind == kind for action in actions) for kind in KINDS}


def digest(facts: Mapping[str, object]) -> str:
    """Return what stands for plain data: equal digests are equal data."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
