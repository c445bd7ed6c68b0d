"""The portal: a small HTTP server for phones, without rights of its own; it asks the keeper.

Every request to another address than its own – whatever page a new phone opened, or its test for a portal – is sent
to the portal. Connections end after one answer, and are few, short and timed: an old phone keeps nobody out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from commune_wifi.pages import POLICY, Pages
from commune_wifi.settings import PortalSettings
from commune_wifi.sockets import listening, notify, told_to_end
from commune_wifi.words import LANGUAGES

LOG = logging.getLogger("commune-wifi")
HEAD, BODY = 8192, 4096
PATIENCE = 10.0
CONNECTIONS, CONNECTIONS_EACH = 256, 16
TEXTS = {200: "OK", 302: "Found", 303: "See Other", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
TEXTS |= {413: "Content Too Large", 503: "Service Unavailable"}
WATCHDOG = 10.0
AGAIN, AHEAD = 5.0, 6  # seconds, connections
SITE = re.compile(r"[A-Za-z0-9.-]{1,253}")


class BadRequestError(Exception):
    """What is no request that a browser sends; ``code`` is the answer to it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Request:
    """One request, as far as the portal looks at it."""

    method: str
    path: str
    target: str
    host: str
    origin: str
    language: str
    form: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """One answer."""

    code: int
    page: str = ""
    location: str = ""

    def encode(self, *, with_body: bool = True) -> bytes:
        """Return it as it goes over the line."""
        body = self.page.encode()
        head = [
            f"HTTP/1.1 {self.code} {TEXTS[self.code]}",
            "Content-Type: text/html; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            f"Content-Security-Policy: {POLICY}",
            "Referrer-Policy: no-referrer",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
            *([f"Location: {self.location}"] if self.location else []),
        ]
        return "\r\n".join([*head, "", ""]).encode() + (body if with_body else b"")


def parse_head(head: bytes) -> tuple[Request, int]:
    """Return the request in the lines before the body, and the body's length. Raises BadRequestError."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequestError(400)
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon and line:
            raise BadRequestError(400)
        fields[name.strip().lower()] = value.strip()
    length = fields.get("content-length", "0")
    if not length.isdecimal() or "transfer-encoding" in fields:
        raise BadRequestError(400)
    if int(length) > BODY:
        raise BadRequestError(413)
    target = urlsplit(words[1])
    host = (target.netloc or fields.get("host", "")).removesuffix(":80")
    path = target.path or "/"
    whole = f"{path}?{target.query}" if target.query else path
    if not (path.startswith("/") and whole.isascii() and whole.isprintable()):
        raise BadRequestError(400)
    language = _first(target.query).get("lang", "") if path == "/" else ""
    request = Request(words[0], path, whole, host, fields.get("origin", ""), language, {})
    return request, int(length)


def _first(text: str) -> dict[str, str]:
    """Return the first value of each field of a form."""
    try:
        return {key: values[0] for key, values in parse_qs(text, max_num_fields=20).items()}
    except ValueError as error:
        raise BadRequestError(400) from error


class Portal:
    """Answers requests; ``ask`` puts a question to the keeper."""

    def __init__(self, settings: PortalSettings) -> None:
        self.settings = settings
        self.pages = Pages(settings)
        self.busy: Counter[str] = Counter()
        self.sent_back: dict[str, tuple[str, float, int]] = {}

    async def ask(self, question: dict[str, str]) -> dict[str, Any]:
        """Return the keeper's answer; ``{"state": "down"}`` when it gives none."""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_unix_connection(self.settings.keeper)
                writer.write(json.dumps(question).encode() + b"\n")
                answer: dict[str, Any] = json.loads(await reader.readline())
                writer.close()
        except (OSError, ValueError, TimeoutError):
            return {"state": "down"}
        return answer

    async def answer(self, request: Request, address: str) -> Answer:
        """Return the answer to a request that came from an address."""
        if request.method not in ("GET", "HEAD", "POST"):
            return Answer(405, self.pages.moved())
        if request.host != self.settings.address:
            return Answer(302, self.pages.moved(), await self._whither(request, address))
        if request.path != "/":
            return Answer(302 if request.method != "POST" else 404, self.pages.moved(), self.settings.url)
        language = request.language if request.language in LANGUAGES else LANGUAGES[0]
        if request.method == "POST":
            return await self._accept(request, address)
        status = await self.ask({"ask": "status", "address": address})
        return Answer(503 if status["state"] == "down" else 200, self.pages.home(language, status))

    async def _whither(self, request: Request, address: str) -> str:
        """Return where a request for another site belongs: to the portal, or to that site by a new connection.

        A browser opens connections ahead, up to six a site; those of the time before its owner accepted end here still.
        What comes back oftener, and at once, was not let out after all.
        """
        url, now = f"http://{request.host}{request.target}", time.monotonic()
        last, since, times = self.sent_back.get(address, ("", now, 0))
        since, times = (since, times + 1) if last == url and now - since < AGAIN else (now, 1)
        self.sent_back[address] = (url, since, times)
        while len(self.sent_back) > CONNECTIONS:
            del self.sent_back[next(iter(self.sent_back))]
        if request.method == "POST" or not SITE.fullmatch(request.host) or times > AHEAD:
            return self.settings.url
        status = await self.ask({"ask": "status", "address": address})
        return url if status["state"] == "in" else self.settings.url

    async def _accept(self, request: Request, address: str) -> Answer:
        """Let a device out that accepted the terms, or tell what is missing."""
        form = request.form
        language = form.get("lang") if form.get("lang") in LANGUAGES else LANGUAGES[0]
        if request.origin not in ("", "null", self.settings.url.rstrip("/")):
            return Answer(400, self.pages.moved())
        if form.get("agree") != "yes":
            status = await self.ask({"ask": "status", "address": address})
            return Answer(200, self.pages.home(str(language), status, "agree"))
        question = {"ask": "accept", "address": address}
        question |= {"terms": form.get("terms", "")[:40], "code": form.get("code", "")[:40]}
        status = await self.ask(question)
        if status["state"] == "in":
            return Answer(303, self.pages.moved(), f"{self.settings.url}?lang={language}")
        return Answer(503 if status["state"] == "down" else 200, self.pages.home(str(language), status))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: one request, one answer, an end."""
        address = str(writer.get_extra_info("peername")[0])
        if self.busy.total() >= CONNECTIONS or self.busy[address] >= CONNECTIONS_EACH:
            writer.close()
            return
        self.busy[address] += 1
        try:
            async with asyncio.timeout(3 * PATIENCE):
                await self._exchange(reader, writer, address)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.busy[address] -= 1
            if not self.busy[address]:
                del self.busy[address]
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        with_body = True
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                request, length = parse_head(head[:-4])
                body = await reader.readexactly(length)
            form = _first(body.decode("utf-8", errors="replace")) if request.method == "POST" else {}
            with_body = request.method != "HEAD"
            answer = await self.answer(Request(**{**request.__dict__, "form": form}), address)
        except BadRequestError as error:
            answer = Answer(error.code, self.pages.moved())
        except asyncio.LimitOverrunError:
            answer = Answer(413, self.pages.moved())
        writer.write(answer.encode(with_body=with_body))
        await writer.drain()

    async def serve(self) -> None:
        """Serve on the socket that systemd opened, until told to end."""
        server = await asyncio.start_server(self.talk, sock=listening(), limit=HEAD)
        with told_to_end() as over:
            notify("READY=1")
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), WATCHDOG)
                notify("WATCHDOG=1")
            server.close()


def main(path: str) -> None:
    """Run the portal with the settings in a file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    asyncio.run(Portal(PortalSettings.load(path)).serve())
