#!/usr/bin/python3
"""Take away the zones' links that networkd would leave as they are: those it has no file for, or one of another kind.

networkd makes links and never removes or remakes one. Without this, a zone that moves from a port of its own to a VLAN
keeps its old link until the machine restarts, and after a change that was undone the new links keep the addresses, so
that answers go into nothing. Run before networkd reads its files again.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path("/etc/systemd/network")
KINDS = ("bridge", "vlan")

Link = tuple[str, int | None, str | None]  # kind, VLAN number, port under it


def settings(text: str) -> list[tuple[str, str]]:
    """Return the keys and values of a file of networkd, in their order; keys may come several times."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith(("#", ";")))
    return [(key.strip(), value.strip()) for key, _, value in pairs]


def wanted(folder: Path) -> dict[str, Link]:
    """Return the links that the files in a folder make, by name."""
    under = {}
    for path in folder.glob("*.network"):
        found = settings(path.read_text(encoding="utf-8"))
        port = next((value for key, value in found if key == "Name"), None)
        under |= {value: port for key, value in found if key == "VLAN"}
    made: dict[str, Link] = {}
    for path in folder.glob("*.netdev"):
        found = dict(settings(path.read_text(encoding="utf-8")))
        number = int(found["Id"]) if "Id" in found else None
        made[found["Name"]] = (found["Kind"], number, under.get(found["Name"]))
    return made


def present(shown: list[dict[str, Any]], zones: list[str]) -> dict[str, Link]:
    """Return the bridges and VLANs with the zones' names among the links that ``ip`` shows."""
    found: dict[str, Link] = {}
    for link in shown:
        info = link.get("linkinfo", {})
        if link["ifname"] in zones and info.get("info_kind") in KINDS:
            found[link["ifname"]] = (info["info_kind"], info.get("info_data", {}).get("id"), link.get("link"))
    return found


def outdated(there: dict[str, Link], files: dict[str, Link]) -> list[str]:
    """Return the names of links that are not what the files make; of bridges nothing but the kind counts."""
    return sorted(name for name, link in there.items() if files.get(name) != link)


def main(zones: list[str]) -> None:
    """Take the links of ``zones`` away that are outdated."""
    shown = subprocess.run(["ip", "-json", "-details", "link", "show"], capture_output=True, text=True, check=True)
    for name in outdated(present(json.loads(shown.stdout), zones), wanted(FOLDER)):
        print(f"{name}: made anew or gone", flush=True)
        subprocess.run(["ip", "link", "delete", "dev", name], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
