"""What a country lets radios use, how many people that serves, and which radio gets which piece of it.

Regulations and planning figures are data (files/radio). Frequencies are MHz, powers dBm.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
WIDTHS = (20, 40, 80)
STARTS = {  # base frequency of the band, then the first channel of each block by its width
    2.4: (2407, {20: tuple(range(1, 14)), 40: tuple(range(1, 14))}),
    5: (
        5000,
        {
            20: (*range(36, 65, 4), *range(100, 145, 4), *range(149, 178, 4)),
            40: (*range(36, 61, 8), *range(100, 141, 8), *range(149, 174, 8)),
            80: (36, 52, 100, 116, 132, 149, 165),
        },
    ),
    6: (5950, {20: tuple(range(1, 234, 4)), 40: tuple(range(1, 230, 8)), 80: tuple(range(1, 218, 16))}),
}
GENERATIONS = {2.4: (4, 6), 5: (5, 4, 6), 6: (6,)}  # of Wi-Fi that there are in a band; the first where nothing is said


class Block(NamedTuple):
    """A piece of spectrum: primary channel, width, its edges, and what the regulations say of it."""

    channel: int
    width: int
    low: float
    high: float
    eirp: float
    radar: bool
    indoors: bool

    def overlaps(self, other: Block) -> bool:
        """Tell whether two radios on these would be heard by each other."""
        return self.low < other.high and other.low < self.high

    @property
    def center(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2


@functools.cache
def load(name: str) -> dict[str, Any]:
    """Return one of the role's tables."""
    path = Path(__file__).parents[1] / "files" / "radio" / f"{name}.yml"
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def blocks(country: str, band: float, width: int) -> list[Block]:
    """Return what a country lets radios use in a band with a width, one for each primary channel, lowest first."""
    base, starts = STARTS[band]
    found = []
    for start in starts.get(width, ()):
        for channel in range(start, start + (width // 5 if band != 2.4 else 1), 4):
            if band == 2.4:
                # with 40 MHz the second half is above the first where it fits, else below
                middle = base + 5 * channel + (0 if width == 20 else 10 if channel <= 7 else -10)
            else:
                middle = base + 5 * start + width / 2 - 10
            rules = _covering(load("regulations")["countries"].get(country, ()), middle - width / 2, middle + width / 2)
            if rules:
                eirp = min(rule["eirp"] for rule in rules)
                radar, indoors = (any(rule.get(word) for rule in rules) for word in ("radar", "indoors"))
                found.append(Block(channel, width, middle - width / 2, middle + width / 2, eirp, radar, indoors))
    return found


def _covering(rules: Iterable[Row], low: float, high: float) -> list[Row]:
    """Return the ranges that hold a piece of spectrum together, or nothing when they do not."""
    touched = [rule for rule in rules if rule["from"] < high and low < rule["to"]]
    if not touched or touched[0]["from"] > low or touched[-1]["to"] < high:
        return []
    joined = all(one["to"] == two["from"] and one.get("joined") and two.get("joined") for one, two in pairwise(touched))
    return touched if joined and (len(touched) > 1 or high - low <= touched[0]["width"]) else []


def whole(radio: Row) -> Row:
    """Return a radio with the generation of its band, where it does not say one."""
    return radio | {"generation": radio["generation"] or GENERATIONS[radio["band"]][0]}


def capacity(radio: Row, width: int) -> int:
    """Return how many people a radio serves with a width."""
    plan = load("planning")
    rates = plan["megabits"][radio["generation"]]
    rate = rates[min(width, max(rates))] * radio["streams"] * plan["of_airtime"]
    return min(int(rate / plan["busy_mbit"] * plan["one_busy_of"]), int(plan["most_stations"] / plan["spare_stations"]))


def widths_of(radio: Row) -> list[int]:
    """Return the widths that a radio can have, the one that it is given or all that are sensible."""
    usable = (20, 40) if radio["band"] == 2.4 or radio["generation"] == 4 else WIDTHS
    if radio["width"] is not None:
        return [radio["width"]] if radio["width"] in usable else []
    return [20] if radio["band"] == 2.4 else list(usable)  # 40 MHz would take two thirds of 2.4 GHz


def candidates(radio: Row, country: str) -> list[Block]:
    """Return what a radio may use: the narrowest width that serves its people first, channels without radar first."""
    first = load("planning")["first_channels"].get(radio["band"])
    found = []
    for width in widths_of(radio):
        if radio["users"] > capacity(radio, width):
            continue
        fitting = [each for each in blocks(country, radio["band"], width) if not (each.indoors and radio["outdoors"])]
        if radio["channel"] is not None:
            fitting = [each for each in fitting if each.channel == radio["channel"]]
        else:
            fitting = [each for each in fitting if first is None or each.channel in first]
        found += sorted(
            (each for each in fitting if radio["radar"] or not each.radar), key=lambda each: (each.radar, each.channel)
        )
    return found


def place_of(radio: Row) -> str:
    """Return where a radio stands; those of one machine, if nothing is said."""
    return str(radio["place"] or radio["host"] or "")


def assign(radios: list[Row], country: str) -> dict[str, Block]:
    """Return each radio's piece of spectrum; a radio for which none is left is not in it.

    Written channels are taken first. Radios of one place never overlap; those of other places do as little as can be.
    """
    taken: list[tuple[str, str, Block]] = []
    for radio in sorted(radios, key=lambda each: each["channel"] is None):
        place = place_of(radio)
        free = [
            each
            for each in candidates(radio, country)
            if not any(where == place and each.overlaps(other) for _, where, other in taken)
        ]
        if free:
            width = free[0].width
            radar = free[0].radar
            alike = [each for each in free if (each.width, each.radar) == (width, radar)]
            best = min(alike, key=lambda each: sum(each.overlaps(other) for _, _, other in taken))
            taken.append((radio["id"], place, best))
    return {name: block for name, _, block in taken}


def radios_of(network: Row, radios: list[Row]) -> list[Row]:
    """Return the radios that send a network: those it names, else all."""
    return [row for row in radios if not network["radios"] or row["id"] in network["radios"]]
