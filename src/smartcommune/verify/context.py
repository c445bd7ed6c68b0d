"""What the checks of a commune need to know, in memory: variables, routes and secrets of each host.

Built from a Site and Pulumi's outputs by whoever runs the checks; handed to a check process through a pipe,
never through a file or the environment, since it carries secrets.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from smartcommune.redaction import secret_values

if TYPE_CHECKING:
    from smartcommune.site.models import Site, SiteHost
    from smartcommune.targets.outputs import Outputs


class HostContext(BaseModel):
    """One host: its variables without secrets, and how its web addresses are reached."""

    services: tuple[str, ...]
    variables: dict[str, Any]
    address: str
    netns: str | None = None
    zones: dict[int, tuple[str, ...]] = Field(description="zones that may reach a TCP port")


class Context(BaseModel):
    """Everything the checks of one commune use; ``repr`` shows no secret."""

    profile: str
    ssh_config: str
    ca_certificate: str
    hosts: dict[str, HostContext]
    names: dict[str, str] = Field(description="web name to host")
    secrets: dict[str, str] = Field(repr=False)

    def secret(self, host: str, service: str, name: str) -> str:
        """Return a secret by its own name, by its role variable (``<service>_<name>``) or by its whole id.

        Raises KeyError with the names that exist when there is none.
        """
        for candidate in (f"{host}/{service}/{name}", f"{host}/{service}/{name.removeprefix(service + '_')}", name):
            if candidate in self.secrets:
                return self.secrets[candidate]
        raise KeyError(f"no secret {name!r} for {service} on {host}; known: {', '.join(sorted(self.secrets))}")


def build_context(site: Site, outputs: Outputs, ssh_config: str) -> Context:
    """Return the context of all hosts of ``site``; hosts without outputs are known by their Site address."""
    sensitive = frozenset(secret_values(outputs))
    return Context(
        profile=site.profile,
        ssh_config=ssh_config,
        ca_certificate=outputs.ca_certificate,
        hosts={host.name: _host_context(site, outputs, host, sensitive) for host in site.hosts},
        names={endpoint.name: endpoint.host for endpoint in site.endpoints}
        | {name: host.name for host in site.hosts for name in (host.fqdn, *host.names)},
        secrets=dict(outputs.secrets),
    )


def _host_context(site: Site, outputs: Outputs, host: SiteHost, sensitive: frozenset[str]) -> HostContext:
    from smartcommune.converge.inventory import build

    output = outputs.hosts.get(host.name)
    variables = build(site, outputs)["_meta"]["hostvars"].get(host.name, {})
    zones: dict[int, tuple[str, ...]] = {}
    for rule in host.inbound:
        if rule.protocol == "tcp":
            zones[rule.port] = (*zones.get(rule.port, ()), *rule.zones)
    return HostContext(
        services=tuple(service.name for service in host.services),
        variables=without_secrets(variables, sensitive),
        address=output.address if output else host.address,
        netns=output.netns if output else None,
        zones=zones,
    )


def without_secrets(value: Any, sensitive: frozenset[str]) -> Any:
    """Return ``value`` as plain data without any entry that carries one of ``sensitive``."""
    if isinstance(value, dict):
        return {
            str(key): without_secrets(item, sensitive) for key, item in value.items() if not _carries(item, sensitive)
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(item, sensitive) for item in value if not _carries(item, sensitive)]
    return value


def _carries(value: object, sensitive: frozenset[str]) -> bool:
    return isinstance(value, str) and any(secret and secret in value for secret in sensitive)


def load_context() -> tuple[Context, str]:
    """Return the context of the commune named in the environment, and the private key for its hosts.

    For plain ``pytest``: compiles the Site named by ``$SMARTCOMMUNE_PROFILE`` and ``$SMARTCOMMUNE_TARGET`` and reads
    Pulumi's outputs, as the inventory plugin does.
    """
    from smartcommune import paths
    from smartcommune.site import load_site
    from smartcommune.targets.outputs import fetch_outputs
    from smartcommune.transports.ssh import ssh_options

    site = load_site(os.environ["SMARTCOMMUNE_PROFILE"], os.environ.get("SMARTCOMMUNE_TARGET"))
    outputs = fetch_outputs(site)
    ssh_options(site, outputs)
    context = build_context(site, outputs, str(paths.deployment(site.profile, site.target) / "ssh_config"))
    return context, outputs.ssh.private
