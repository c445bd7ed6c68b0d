"""The settings of each radio, from what was chosen and the piece of spectrum that it was given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .spectrum import STARTS, assign, load, radios_of, whole

if TYPE_CHECKING:
    from .spectrum import Block


def derive(options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of each radio by its id; of machines without one there are none."""
    radios = [whole(row) for row in options["radios"]]
    assigned = assign(radios, options["country"])
    plan = load("planning")
    made = {}
    for radio in radios:
        block = assigned[radio["id"]]
        networks = [row for row in options["networks"] if radio in radios_of(row, radios)]
        made[radio["id"]] = {
            "host": radio["host"],
            "interface": radio["interface"],
            "country": options["country"],
            "band": radio["band"],
            "generation": radio["generation"],
            "channel": block.channel,
            "width": block.width,
            "center": int(block.center - STARTS[radio["band"]][0]) // 5,
            "second": _second(radio["band"], block),
            "radar": block.radar,
            "indoors": block.indoors and not radio["outdoors"],
            "power": int(block.eirp - radio["antenna_gain"]),
            "stations": min(plan["most_stations"], math.ceil(radio["users"] * plan["spare_stations"])),
            "networks": [row["ssid"] for row in networks],
            "airtime": {row["ssid"]: plan["airtime"][row["zone"]] for row in networks},
        }
    return {"radio_plan": made}


def _second(band: float, block: Block) -> str | None:
    """Return where the second 20 MHz of a 40 MHz channel are, as hostapd says it."""
    if block.width == 20:
        return None
    if band == 2.4:
        return "+" if block.channel <= 7 else "-"
    start = max(each for each in STARTS[band][1][40] if each <= block.channel)
    return "+" if block.channel == start else "-"
