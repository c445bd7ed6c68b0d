"""What phones see of the citizens' Wi-Fi: redirections, pages, and answers to what no browser sends."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.unit.wifi_app import ADDRESS

from commune_wifi.gate import ports_to_isolate  # type: ignore[import-not-found]  # isort: skip
from commune_wifi.pages import STYLE, Pages  # type: ignore[import-not-found]  # isort: skip
from commune_wifi.portal import BadRequestError, Portal, parse_head  # type: ignore[import-not-found]  # isort: skip
from commune_wifi.settings import PortalSettings  # type: ignore[import-not-found]  # isort: skip
from commune_wifi.table import (  # type: ignore[import-not-found]  # isort: skip
    Device,
    TableError,
    add_script,
    parse,
    remove_script,
)
from commune_wifi.words import WORDS, duration  # type: ignore[import-not-found]  # isort: skip

OWN = "10.20.4.1"
PROBES = ["connectivitycheck.gstatic.com", "captive.apple.com", "example.vn:8080", ""]
SETTINGS = PortalSettings(
    address=OWN,
    keeper="/nowhere",
    commune="Phủ Thông",
    contact="Bộ phận Một cửa",
    terms=("Đoạn một <b>", "Đoạn hai"),
    terms_version="abc",
    session_hours=12,
    daily_megabytes=2000,
    down_mbit=8,
    up_mbit=2.5,
    vouchers=False,
    log_days=31,
    pages=({"url": "https://x.example/", "vi": "Trang đầu", "en": "Start page"},),
)


class Asked(Portal):  # type: ignore[misc]
    """A portal whose keeper is the test's."""

    def __init__(self, settings: PortalSettings = SETTINGS) -> None:
        super().__init__(settings)
        self.questions: list[dict[str, str]] = []
        self.says: dict[str, Any] = {"state": "new", "bytes": None}

    async def ask(self, question: dict[str, str]) -> dict[str, Any]:
        """Note the question."""
        self.questions.append(question)
        return {"state": "in", "seconds": 60} if question["ask"] == "accept" and "fault" not in self.says else self.says


def talk(portal: Portal, request: bytes) -> tuple[int, dict[str, str], str]:
    """Return code, header and page of the answer to what comes over one connection."""

    async def exchange() -> bytes:
        server = await asyncio.start_server(portal.talk, "127.0.0.1", 0, limit=8192)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(request)
            answer = await reader.read()
            writer.close()
        return answer

    head, _, page = asyncio.run(exchange()).decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), page


def get(portal: Portal, path: str = "/", host: str = OWN) -> tuple[int, dict[str, str], str]:
    """Ask for a page."""
    return talk(portal, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())


def post(portal: Portal, form: str, *head: str) -> tuple[int, dict[str, str], str]:
    """Send the form."""
    lines = [f"POST / HTTP/1.1\r\nHost: {OWN}", f"Content-Length: {len(form)}", *head]
    return talk(portal, ("\r\n".join(lines) + "\r\n\r\n" + form).encode())


@pytest.mark.parametrize("host", PROBES)
def test_other_pages_lead_to_the_portal(host: str) -> None:
    """Any page that a phone asks for, and its own test for a portal, leads to the portal."""
    portal = Asked()
    code, head, page = get(portal, "/generate_204", host)

    assert (code, head["location"]) == (302, f"http://{OWN}/")
    assert "no-store" in head["cache-control"]
    assert f'href="http://{OWN}/"' in page
    assert [question["ask"] for question in portal.questions] in ([], ["status"])


def test_a_connection_of_before_is_sent_on() -> None:
    """Once accepted, a request that still comes here is sent to its own site anew; not for ever."""
    portal = Asked()
    portal.says = {"state": "in", "seconds": 60}
    where = [get(portal, path, "example.vn")[1]["location"] for path in ["/a?b=1"] * 7 + ["/c"]]

    assert where == ["http://example.vn/a?b=1"] * 6 + [f"http://{OWN}/", "http://example.vn/c"]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("state", ["new", "in", "spent", "unknown", "down"])
def test_pages_are_small_and_plain(language: str, state: str) -> None:
    """Each page is light, has no script, image or foreign address, and says which language it is in."""
    page = Pages(SETTINGS).home(language, {"state": state, "seconds": 3700, "bytes": 5_000_000})

    assert len(page.encode()) < 12_000
    assert page.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert re.findall(r"<(?:script|img|iframe|link)|url\(|@import", page) == []
    assert set(re.findall(r'(?:href|action|src)="([^"]*)"', page)) <= {
        "/",
        "/?lang=vi",
        "/?lang=en",
        "https://x.example/",
    }
    assert page.count("<h1>") == 1
    Nested().feed(page)


class Nested(HTMLParser):
    """Fails on a tag that is closed in the wrong order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Match it."""
        assert self.open.pop() == tag


def test_terms_are_text() -> None:
    """What the commune writes into its terms is shown as it is, never as markup."""
    page = Pages(SETTINGS).home("vi", {"state": "new"})

    assert "<p>Đoạn một &lt;b&gt;</p><p>Đoạn hai</p>" in page


def test_accepting() -> None:
    """A ticked form is put to the keeper with the address it came from, and leads back to the page."""
    portal = Asked()
    code, head, _ = post(portal, "agree=yes&terms=abc&lang=en", f"Origin: http://{OWN}")

    assert (code, head["location"]) == (303, f"http://{OWN}/?lang=en")
    assert portal.questions == [{"ask": "accept", "address": "127.0.0.1", "terms": "abc", "code": ""}]


def test_without_a_tick_nothing_is_accepted() -> None:
    """A form that was not ticked says so, in the reader's language."""
    portal = Asked()
    code, _, page = post(portal, "terms=abc&lang=en")

    assert code == 200
    assert WORDS["fault_agree"]["en"] in page
    assert [question["ask"] for question in portal.questions] == ["status"]


def test_another_site_cannot_accept() -> None:
    """A form that stands on another site accepts nothing."""
    portal = Asked()
    code, _, _ = post(portal, "agree=yes&terms=abc", "Origin: http://elsewhere.example")

    assert code == 400
    assert portal.questions == []


@pytest.mark.parametrize("fault", ["terms", "code", "wait"])
def test_faults_are_told(fault: str) -> None:
    """What the keeper finds wrong is told on the page."""
    portal = Asked()
    portal.says = {"state": "new", "fault": fault}
    _, _, page = post(portal, "agree=yes&terms=abc&code=x")

    assert WORDS[f"fault_{fault}"]["vi"] in page


def test_code_is_asked_for_with_vouchers_only() -> None:
    """The field for a code is there with vouchers, and not without."""
    with_codes = PortalSettings(**{**SETTINGS.__dict__, "vouchers": True})

    assert 'name="code"' in Pages(with_codes).home("vi", {"state": "new"})
    assert 'name="code"' not in Pages(SETTINGS).home("vi", {"state": "new"})


def test_without_the_keeper_it_says_so() -> None:
    """While the keeper does not answer the page says that it is busy, with the code for that."""
    code, _, page = get(Portal(SETTINGS))

    assert code == 503
    assert WORDS["down"]["vi"] in page


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET /\x0bx HTTP/1.1\r\nHost: example.vn\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: 10.20.4.1\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: 10.20.4.1\r\nContent-Length: 5000\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: 10.20.4.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: 10.20.4.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: 10.20.4.1\r\nContent-Length: 44\r\n\r\n" + b"a=1&" * 22, 400),
    ],
)
def test_strange_requests_are_refused(request_: bytes, code: int) -> None:
    """What no browser sends is refused in order, and reaches nobody."""
    portal = Asked()
    request_ = request_.replace(b"Content-Length: 44", b"Content-Length: 88")

    assert talk(portal, request_)[0] == code
    assert portal.questions == []


def test_a_device_does_not_take_all_connections() -> None:
    """Of many connections of one device that say nothing only a few are kept; another one is answered after them."""
    portal = Asked()
    portal.busy["127.0.0.1"] = 15

    assert get(portal)[0] == 200
    assert portal.busy["127.0.0.1"] == 15
    portal.busy["127.0.0.1"] = 16
    with pytest.raises((IndexError, ConnectionError)):
        get(portal)


def test_head_is_parsed() -> None:
    """A request's target may be a whole address; its host counts without the usual port."""
    request, length = parse_head(b"GET http://10.20.4.1:80/?lang=en HTTP/1.1\r\nHost: x\r\nContent-Length: 7")

    assert (request.host, request.path, request.language, length) == (OWN, "/", "en", 7)
    with pytest.raises(BadRequestError):
        parse_head(b"GET / HTTP/1.1\r\nbroken")


def test_both_languages_say_the_same_things() -> None:
    """Each text is there in both languages with the same parts to fill in."""
    wrong = [
        key
        for key, texts in WORDS.items()
        if set(re.findall(r"\{\w+\}", texts["vi"])) != set(re.findall(r"\{\w+\}", texts["en"]))
    ]

    assert wrong == []
    assert {key for key, texts in WORDS.items() if not all(texts.values())} == {"terms_language"}
    assert (duration("vi", 3541), duration("en", 59)) == ("1 giờ 0 phút", "1 min")


def test_style_is_the_one_that_is_allowed() -> None:
    """The page's policy allows the one style that the page carries."""
    assert f"<style>{STYLE}</style>" in Pages(SETTINGS).moved()


def test_kernel_sets_are_read_as_nft_lists_them() -> None:
    """Devices, seconds and bytes come out of nft's JSON; a table without its sets is a fault."""
    counter = '"counter": {"packets": 1, "bytes": 70}'
    both = f'{{"concat": ["02:00:00:00:00:01", "{ADDRESS}"]}}'
    out = f'{{"elem": {{"val": {both}, "timeout": 9, "expires": 5, {counter}}}}}'
    back = f'{{"elem": {{"val": "{ADDRESS}", "timeout": 9, "expires": 5, {counter.replace("70", "900")}}}}}'
    listing = (
        f'{{"nftables": [{{"set": {{"name": "accepted", "elem": [{out}]}}}}, {{"set": {{"name": "received"%s}}}}]}}'
    )

    found = parse(listing % f', "elem": [{back}]')[Device("02:00:00:00:00:01", ADDRESS)]
    assert (found.seconds, found.up, found.down, found.whole) == (5, 70, 900, True)
    assert not parse(listing % "")[Device("02:00:00:00:00:01", ADDRESS)].whole
    with pytest.raises(TableError):
        parse('{"nftables": []}')


def test_an_address_that_another_device_has_now_keeps_its_way_back() -> None:
    """Who is let out no longer takes nothing from the device that has its address now."""
    old, new = Device("02:00:00:00:00:01", ADDRESS), Device("02:00:00:00:00:02", ADDRESS)

    assert "delete element inet commune_wifi received" not in remove_script([old], kept=[new])
    assert "delete element inet commune_wifi received" in remove_script([old])
    assert add_script({new: 5}).count("timeout 5s") == 2


def test_ports_of_the_zones_bridge_are_kept_apart(tmp_path: Path) -> None:
    """The ports of a bridge that still talk to each other are found; a zone that is no bridge has none."""
    for port, isolated in (("enp2s0", "0"), ("wlan0", "1")):
        folder = tmp_path / "wifi" / "brif" / port
        folder.mkdir(parents=True)
        (folder / "isolated").write_text(f"{isolated}\n", encoding="ascii")

    assert ports_to_isolate("wifi", tmp_path) == ["enp2s0"]
    assert ports_to_isolate("office", tmp_path) == []
