"""Which choices of radios and networks cannot be, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune.catalogue.rules import Finding, finding

from .spectrum import GENERATIONS, assign, blocks, candidates, capacity, load, place_of, radios_of, whole, widths_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .spectrum import Row

OFFICE = ("wpa3_sae", "enterprise")
CITIZENS = ("open", "owe")
LONGEST_NAME = 32  # bytes of a network's name


def check(options: dict[str, Any]) -> Iterator[Finding]:
    """Return what cannot be."""
    radios, country = [whole(row) for row in options["radios"]], options["country"]
    known = load("regulations")["countries"]
    if country not in known:
        yield finding(
            ("country",),
            "unknown-country",
            ("không có quy định phổ tần của nước này", "there are no regulations of this country"),
            (f"một trong: {', '.join(known)}", f"one of: {', '.join(known)}"),
            (
                "sửa mã nước, hoặc thêm vào files/radio/regulations.yml",
                "correct it, or add it to files/radio/regulations.yml",
            ),
        )
        return
    assigned = assign(radios, country)
    for index, radio in enumerate(radios):
        told = list(_check_radio(radio, country, ("radios", index)))
        yield from told
        if not told and radio["id"] not in assigned:
            yield _no_room(radio, radios, ("radios", index))
    yield from _check_interfaces(radios)
    yield from _check_networks(options)


def _check_interfaces(radios: list[Row]) -> Iterator[Finding]:
    """A card sends on one channel: one row for each."""
    seen: dict[tuple[str | None, str], int] = {}
    for index, radio in enumerate(radios):
        first = seen.setdefault((radio["host"], radio["interface"]), index)
        if first != index:
            yield finding(
                ("radios", index, "interface"),
                "same-interface",
                ("cổng này đã là của sóng khác", "this interface is another radio's already"),
                ("mỗi cổng một sóng", "one radio for each interface"),
                ("sửa interface, hoặc ghi host", "correct interface, or write host"),
                related=(("radios", first, "interface"),),
            )


def _check_radio(radio: Row, country: str, path: tuple[str, int]) -> Iterator[Finding]:
    """Return what is wrong with one radio by itself: the first thing, since the others follow from it."""
    band, channel, width = radio["band"], radio["channel"], radio["width"]
    generations = sorted(GENERATIONS[band])
    if radio["generation"] not in generations:
        allowed = ", ".join(map(str, generations))
        yield finding(
            (*path, "generation"),
            "generation",
            (f"ở {band} GHz không có thế hệ Wi-Fi này", f"there is no such generation of Wi-Fi at {band} GHz"),
            (f"một trong: {allowed}", f"one of: {allowed}"),
            ("sửa generation, hoặc sửa band", "correct generation, or band"),
            related=((*path, "band"),),
        )
    elif not widths_of(radio):
        allowed = ", ".join(map(str, widths_of(radio | {"width": None})) if band != 2.4 else ("20", "40"))
        yield finding(
            (*path, "width"),
            "too-wide",
            (
                f"ở {band} GHz kênh không rộng như vậy",
                f"no channel is so wide at {band} GHz, generation {radio['generation']}",
            ),
            (f"một trong: {allowed}", f"one of: {allowed}"),
            ("bỏ trống width để bộ công cụ tính", "leave width out: it is computed"),
            related=((*path, "band"),),
        )
    elif radio["users"] > (most := max(capacity(radio, each) for each in widths_of(radio))):
        yield finding(
            (*path, "users"),
            "too-many-users",
            ("một sóng không phục vụ được từng ấy người", "the radio cannot serve so many people"),
            (f"nhiều nhất {most} (ở {band} GHz, {width or max(widths_of(radio))} MHz)",
             f"at most {most} (at {band} GHz, {width or max(widths_of(radio))} MHz)"),
            ("thêm một bộ phát sóng, hoặc chuyển sang 5 GHz", "add a radio, or move to 5 GHz")
            if band == 2.4
            else ("thêm một bộ phát sóng", "add a radio"),
        )  # fmt: skip
    elif channel is not None:
        yield from _check_channel(radio, country, path)


def _check_channel(radio: Row, country: str, path: tuple[str, int]) -> Iterator[Finding]:
    band, channel = radio["band"], radio["channel"]
    widths = [width for width in widths_of(radio) if radio["users"] <= capacity(radio, width)]
    allowed = [each for width in widths for each in blocks(country, band, width)]
    usable = candidates(radio | {"channel": None}, country) + candidates(radio, country)
    names = ", ".join(str(number) for number in sorted({each.channel for each in usable})) or "–"
    mine = [each for each in allowed if each.channel == channel]
    if not mine:
        wide = ", ".join(map(str, widths))
        message = (
            f"{country} không cho dùng kênh này ở {band} GHz với {wide} MHz",
            f"{country} does not allow this channel at {band} GHz with {wide} MHz",
        )
        code = "channel"
    elif radio["outdoors"] and all(each.indoors for each in mine):
        message = ("kênh này chỉ được dùng trong nhà", "this channel is for indoors only")
        code = "channel-indoors"
    elif not radio["radar"] and all(each.radar for each in mine):
        message = (
            "kênh này dùng chung với ra-đa: bộ phát phải nhường và đổi kênh (DFS)",
            "this channel is shared with radar: a radio has to give way and leave it (DFS)",
        )
        code = "channel-radar"
    else:
        return
    source = load("regulations")["source"]
    todo = ("bỏ trống channel để bộ công cụ tính", "leave channel out: it is computed")
    if code == "channel-radar":
        todo = ("chọn kênh khác, hoặc ghi radar: true", "choose another channel, or write radar: true")
    yield finding(
        (*path, "channel"), code, message, (f"một trong: {names} ({source})", f"one of: {names} ({source})"), todo
    )


def _no_room(radio: Row, radios: list[Row], path: tuple[str, int]) -> Finding:
    """Return that a place has no channel left for a radio, or that there never was one for it."""
    others = tuple(
        ("radios", index)
        for index, other in enumerate(radios)
        if other is not radio and other["band"] == radio["band"] and place_of(other) == place_of(radio)
    )
    word = "channel" if radio["channel"] is not None else "band"
    if not others:
        return finding(
            (*path, word),
            "no-channel",
            ("không có kênh nào cho sóng này ở ngoài trời", "there is no channel for this radio outdoors"),
            ("một băng tần được dùng ngoài trời", "a band that may be used outdoors"),
            (
                "chọn band: 5, hoặc đặt trong nhà (outdoors: false)",
                "choose band: 5, or stand it indoors (outdoors: false)",
            ),
            related=((*path, "outdoors"),),
        )
    return finding(
        (*path, word),
        "same-channel",
        ("hai sóng cùng một nơi sẽ chồng lên nhau", "two radios of one place would be on the same channel"),
        ("kênh không chồng lên sóng khác cùng nơi", "a channel that no other radio of the place overlaps"),
        (
            "đổi channel hoặc band, giảm users, hoặc ghi place khác",
            "change channel or band, lower users, or write another place",
        ),
        related=others,
    )


def _check_networks(options: dict[str, Any]) -> Iterator[Finding]:
    radios = {row["id"]: row for row in options["radios"]}
    sent = {row["id"] for network in options["networks"] for row in radios_of(network, options["radios"])}
    for index, name in enumerate(radios):
        if name not in sent:
            yield finding(
                ("radios", index),
                "no-network",
                ("sóng này không phát mạng nào", "this radio sends no network"),
                ("một dòng trong «networks»", "a row in «networks»"),
                ("thêm mạng vào «networks», hoặc xóa sóng", "add a network to «networks», or delete the radio"),
            )
    for index, network in enumerate(options["networks"]):
        path = ("networks", index)
        yield from _check_network(network, options, path)


def _check_network(network: Row, options: dict[str, Any], path: tuple[str, int]) -> Iterator[Finding]:
    if len(network["ssid"].encode()) > LONGEST_NAME:
        yield finding(
            (*path, "ssid"),
            "long-name",
            ("tên mạng quá dài", "the network's name is too long"),
            (f"nhiều nhất {LONGEST_NAME} byte UTF-8", f"at most {LONGEST_NAME} bytes of UTF-8"),
            ("rút ngắn tên, hoặc bỏ dấu", "shorten it, or leave the marks out"),
        )
    if network["security"] == "enterprise" and not options["accounts"]:
        yield finding(
            (*path, "security"),
            "no-accounts",
            ("không có tài khoản nào vào được mạng này", "nobody has an account for this network"),
            ("một dòng trong «accounts» cho mỗi cán bộ", "a row in «accounts» for each member of staff"),
            ("thêm «accounts», hoặc dùng wpa3_sae", "add «accounts», or use wpa3_sae"),
        )
    allowed = OFFICE if network["zone"] == "office" else CITIZENS
    if network["security"] not in allowed:
        yield finding(
            (*path, "security"),
            "security",
            (f"vùng {network['zone']} không dùng cách bảo vệ này", f"zone {network['zone']} is not secured like this"),
            (f"một trong: {', '.join(allowed)}", f"one of: {', '.join(allowed)}"),
            ("sửa security, hoặc sửa zone", "correct security, or zone"),
            related=((*path, "zone"),),
        )
    yield from _check_strength(network, options, path)
    ids = [row["id"] for row in options["radios"]]
    for number, name in enumerate(network["radios"] or ()):
        if name not in ids:
            known = ", ".join(ids) or "–"
            yield finding(
                (*path, "radios", number),
                "unknown-radio",
                ("không có sóng này trong «radios»", "there is no such radio in «radios»"),
                (f"một trong: {known}", f"one of: {known}"),
                ("sửa tên, hoặc thêm vào «radios»", "correct the name, or add it to «radios»"),
            )


def _check_strength(network: Row, options: dict[str, Any], path: tuple[str, int]) -> Iterator[Finding]:
    """Nothing unencrypted at 6 GHz, and no transition from nothing."""
    allowed = OFFICE if network["zone"] == "office" else CITIZENS
    on_six = [row["id"] for row in radios_of(network, options["radios"]) if row["band"] == 6]
    weak = network["security"] == "open" or network["transition"]
    if on_six and weak and network["security"] in allowed:
        word = "security" if network["security"] == "open" else "transition"
        yield finding(
            (*path, word),
            "weak-at-6",
            (
                f"ở 6 GHz ({', '.join(on_six)}) mạng phải được mã hóa",
                f"at 6 GHz ({', '.join(on_six)}) networks are encrypted",
            ),
            ("owe, wpa3_sae hoặc enterprise, transition: false", "owe, wpa3_sae or enterprise, transition: false"),
            (
                "sửa security, hoặc ghi radios không có sóng 6 GHz",
                "correct security, or write radios without the 6 GHz one",
            ),
        )
    if network["security"] == "open" and network["transition"]:
        yield finding(
            (*path, "transition"),
            "nothing-to-move-from",
            ("mạng mở không có gì để chuyển tiếp", "an open network has nothing to move from"),
            ("owe, wpa3_sae hoặc enterprise", "owe, wpa3_sae or enterprise"),
            (
                "viết security: owe để có cả hai, hoặc xóa transition",
                "write security: owe for both, or delete transition",
            ),
        )
