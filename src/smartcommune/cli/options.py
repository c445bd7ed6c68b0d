"""Arguments and options that several commands share, with their completion."""

from __future__ import annotations

from typing import Annotated

import typer

from smartcommune.cli import completion

Profile = Annotated[
    str,
    typer.Argument(
        metavar="PROFILE",
        help="The commune's profile: a name in commune_profiles/, or a path.",
        autocompletion=completion.profiles,
        show_default=False,
    ),
]
Profiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PROFILE]...",
        help="Profiles: names in commune_profiles/, or paths. All of them when none is given.",
        autocompletion=completion.profiles,
        show_default=False,
    ),
]
AnyProfile = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROFILE]", help="Only this commune.", autocompletion=completion.profiles, show_default=False
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        help="Where to: lab or existing. The profile's first one when not given.",
        autocompletion=completion.targets,
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Wait = Annotated[int, typer.Option("--wait", help="Seconds to wait for another run's lock.", min=0)]
Limit = Annotated[
    list[str] | None,
    typer.Option("--limit", "-l", help="Only this host; may be repeated.", autocompletion=completion.hosts),
]
AcceptHostKey = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-host-key",
        metavar="HOST",
        help="Trust this machine's changed SSH host key from now on, after comparing it; may be repeated.",
        autocompletion=completion.hosts,
    ),
]
Site = Annotated[
    str | None,
    typer.Option("--site", help="Of this site; where there are several.", autocompletion=completion.sites),
]
Host = Annotated[
    str,
    typer.Argument(metavar="HOST", help="A host of the profile.", autocompletion=completion.hosts, show_default=False),
]
