"""``smartcommune lab open``: a web address of the lab in this computer's browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcommune.cli import completion, options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.cli.loading import Commune
    from smartcommune.lab.models import Forward
    from smartcommune.site.models import Endpoint

HTTPS = 443


def open_endpoint(
    context: typer.Context,
    profile: options.Profile,
    endpoint: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENDPOINT]",
            help="First label of the address, as cua-hang; lists them when not given.",
            autocompletion=completion.endpoints,
            show_default=False,
        ),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="As a visitor from this zone; the first one let in by default.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port on this computer; a free one by default.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Start a browser where there is one.")] = True,
) -> None:
    """Make a web address of the lab reachable in this computer's browser, on the loopback only."""
    from smartcommune.cli.loading import lab_of, load_commune

    session = of(context)
    commune = load_commune(profile, "lab")
    if endpoint is None:
        _list(session, commune)
        return
    chosen = find_endpoint(commune, endpoint)
    lab = lab_of(session, profile)
    host = commune.site.host(chosen.host)
    names = [
        chosen.name,
        *(other.name for other in commune.site.endpoints if other.host == chosen.host and other != chosen),
    ]
    forward = lab.open(names, host.address, HTTPS, zone=zone or visitors(commune, chosen), local_port=port)
    root = _write_root(commune)
    session.document({"endpoint": chosen.name, "forward": forward, "root_certificate": root})
    _explain(session, forward, str(root))
    if browser and not session.json and session.out.is_terminal:
        _start(forward)


def find_endpoint(commune: Commune, name: str) -> Endpoint:
    """Return the endpoint by its first label, its whole name, or the domain; raises UsageError with those there are."""
    from smartcommune.document.nearest import one_of
    from smartcommune.errors import UsageError
    from smartcommune.text import Text

    labels = {commune.site.label(endpoint): endpoint for endpoint in commune.site.endpoints}
    for label, endpoint in labels.items():
        if name in (label, endpoint.name):
            return endpoint
    raise UsageError(
        Text(vi=f"không có địa chỉ web {name}", en=f"there is no web address {name}"),
        todo=one_of(name, list(labels)),
    )


def visitors(commune: Commune, endpoint: Endpoint) -> str:
    """Return the zone of an ordinary visitor that the host lets in to HTTPS."""
    from smartcommune.verify.web import visitor_zone

    rules = [rule for rule in commune.site.host(endpoint.host).inbound if rule.port == HTTPS]
    return visitor_zone([zone for rule in rules for zone in rule.zones])


def _list(session: Session, commune: Commune) -> None:
    found: list[dict[str, Any]] = [
        {"name": commune.site.label(endpoint), "url": f"https://{endpoint.name}/", "title": endpoint.title}
        for endpoint in commune.site.endpoints
    ]
    session.document(found)
    for each in found:
        title = each["title"][session.language]
        session.result(f"smartcommune lab open {commune.site.profile} {each['name']}  – {title} ({each['url']})")


def _write_root(commune: Commune) -> os.PathLike[str]:
    """Write the commune's root certificate, which is no secret, beside its state; return its file."""
    from smartcommune.targets.outputs import fetch_outputs

    path = commune.folder / "root-certificate.pem"
    path.write_text(fetch_outputs(commune.site).ca_certificate, encoding="ascii")
    return path


def _explain(session: Session, forward: Forward, root: str) -> None:
    command = " ".join(f"'{part}'" if " " in part else part for part in forward.browser)
    session.result(session.text("Mở bằng:", "Open it with:"))
    session.result(f"  {command}")
    session.result(
        session.text(
            f"hoặc thêm dòng này vào /etc/hosts rồi mở {forward.url}",
            f"or add this line to /etc/hosts and open {forward.url}",
        )
    )
    session.result(f"  {forward.hosts_line}")
    session.result(
        session.text(
            f"Chứng thư gốc của xã để trình duyệt tin: {root}", f"The commune's root, for the browser to trust: {root}"
        )
    )


def _start(forward: Forward) -> None:
    """Start the browser as the user who called sudo: a browser does not run as root."""
    if os.environ.get("DISPLAY") is None and os.environ.get("WAYLAND_DISPLAY") is None:
        return
    user = os.environ.get("SUDO_USER")
    if shutil.which(forward.browser[0]) is None or user is None:
        return
    subprocess.Popen(
        ["runuser", "-u", user, "--", *forward.browser],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
