"""What services give each other, the secrets that are needed, and the web addresses that are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.site.addressing import address_towards
from smartcommune.site.devices import device_secrets
from smartcommune.site.models import Endpoint, Grant, SecretNeed

if TYPE_CHECKING:
    from smartcommune.site.draft import Draft, Tie

_GRANT_PASSWORD_LENGTH = 32


def make_grants(draft: Draft) -> tuple[Grant, ...]:
    """Return one grant for each requirement, in the order of hosts and services."""
    return tuple(
        Grant(
            tie.requirement.capability,
            tie.requirement.name,
            tie.provider.service.name,
            tie.provider.host,
            tie.consumer.service.name,
            tie.consumer.host,
            _password_id(tie),
            (tie.source, *tie.consumer.sources),
            tie.requirement.needs,
            address_towards(draft.hosts[tie.provider.host], draft.hosts[tie.consumer.host]),
            address_towards(draft.hosts[tie.consumer.host], draft.hosts[tie.provider.host]),
        )
        for tie in _in_order(draft)
    )


def make_secrets(draft: Draft) -> tuple[SecretNeed, ...]:
    """Return the secrets of all placed services, grants and devices, each once."""
    needs = {}
    for placement in draft.placements.values():
        name, host = placement.service.name, placement.host
        for index, secret in enumerate(placement.service.secrets):
            key = f"{host}/{name}/{secret.name}"
            sources = (draft.catalogue_source(name, "secrets", index), *placement.sources)
            needs[key] = SecretNeed(key, host, name, secret.name, secret.kind, secret.length, sources)
    for tie in _in_order(draft):
        key_or_none = _password_id(tie)
        if key_or_none is not None:
            needs[key_or_none] = SecretNeed(
                key_or_none,
                tie.consumer.host,
                tie.consumer.service.name,
                f"{tie.requirement.capability}_password",
                "password",
                _GRANT_PASSWORD_LENGTH,
                (tie.source, *tie.consumer.sources),
            )
    return tuple((needs | device_secrets(draft)).values())


def make_endpoints(draft: Draft, domain: str) -> tuple[Endpoint, ...]:
    """Return the web addresses; a name that several hosts could serve belongs to the first of them."""
    endpoints: dict[str, Endpoint] = {}
    for placement in draft.placements.values():
        for index, entry in enumerate(placement.service.endpoints):
            name = f"{entry.name}.{domain}" if entry.name else domain
            source = draft.catalogue_source(placement.service.name, "endpoints", index)
            endpoint = Endpoint(
                name,
                placement.service.name,
                placement.host,
                entry.title.model_dump(),
                entry.description.model_dump(),
                entry.socket,
                entry.audience,
                entry.uploads,
                (source, *placement.sources),
                None if entry.fastcgi is None else entry.fastcgi.model_dump(),
            )
            endpoints.setdefault(name, endpoint)
    return tuple(endpoints.values())


def _in_order(draft: Draft) -> list[Tie]:
    """Return the ties in the order of their consumers."""
    order = {key: index for index, key in enumerate(draft.placements)}
    last = len(order)
    return sorted(draft.ties, key=lambda tie: order.get((tie.consumer.host, tie.consumer.service.name), last))


def _password_id(tie: Tie) -> str | None:
    """Return the secret that a grant over the network needs: only what has a name is opened by a password."""
    if tie.consumer.host == tie.provider.host or tie.requirement.name is None:
        return None
    return f"{tie.consumer.host}/{tie.consumer.service.name}/{tie.requirement.capability}_password"
