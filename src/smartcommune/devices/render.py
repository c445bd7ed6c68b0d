"""A device's configuration as text, from the Site alone. Secrets are named, never written.

Templates: ``platforms/<platform>/<role>.j2``; a variable that is not there is an error.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from smartcommune import paths
from smartcommune.devices.models import mark
from smartcommune.site.devices import SERVICE, VLANS

if TYPE_CHECKING:
    from smartcommune.site.models import Device, Site


def render(site: Site, device: Device) -> str:
    """Return the wanted configuration; raises jinja2.UndefinedError for a template that asks for what is not there."""
    template = _environment().get_template(f"{device.platform}/{device.role}.j2")
    text = template.render(
        site=site,
        device=device,
        netmask=str(ipaddress.IPv4Network(f"0.0.0.0/{device.prefix_length}").netmask),
        vlans=VLANS,
        secret=lambda name: mark(f"{device.name}/{SERVICE}/{name}"),
        shared=mark,
    )
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


@cache
def _environment() -> Environment:
    # device configurations are no HTML
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(paths.checkout() / "src" / "smartcommune" / "devices" / "platforms"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["network"] = network
    return environment


def network(prefix: str) -> ipaddress.IPv4Network:
    """Return a prefix whose parts a template can ask for."""
    return ipaddress.IPv4Network(prefix)
