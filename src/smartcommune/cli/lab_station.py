"""``smartcommune lab station``: a throw-away client in a zone that runs programs of this computer."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from smartcommune.cli import completion, options
from smartcommune.cli.lab_command import Command, check_command, run_command
from smartcommune.cli.session import of


def station(
    context: typer.Context,
    profile: options.Profile,
    zone: Annotated[
        str,
        typer.Argument(metavar="ZONE", help="A network zone.", autocompletion=completion.zones, show_default=False),
    ],
    command: Command = None,
    site: options.Site = None,
    address: Annotated[
        str | None,
        typer.Option("--address", help="A static address; by default one from DHCP where a gateway routes."),
    ] = None,
    mac: Annotated[str, typer.Option("--mac", help="Hardware address; a random one by default.")] = "",
) -> None:
    """Be a client in a zone, as a phone or a laptop there: run a shell or a command of this computer in that network.

    Address, way out and name servers come from the zone. The station is gone when the program ends.
    """
    from smartcommune.cli.loading import lab_of

    session = of(context)
    check_command(session, command)
    lab = lab_of(session, profile)
    with lab.station(zone, site=site, address=address, hardware_address=mac) as client:
        servers = ", ".join(client.resolvers) or "–"
        session.note(
            session.text(
                f"Trạm trong vùng {zone}: {client.address} ({client.hardware_address}), máy chủ tên: {servers}",
                f"Station in zone {zone}: {client.address} ({client.hardware_address}), name servers: {servers}",
            )
        )
        about = {
            "zone": zone,
            "site": client.site,
            "address": client.address,
            "hardware_address": client.hardware_address,
            "name_servers": client.resolvers,
        }
        argv = client.argv(command or [os.environ.get("SHELL", "/bin/sh")])
        run_command(session, argv, command, about, client.environment)
