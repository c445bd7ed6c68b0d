"""Health, security headers, and the buyer's address as the reverse proxy saw it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware

from shop import config

Answer = Callable[[HttpRequest], HttpResponse]

_STRICT = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Oscar's dashboard carries scripts inside its pages.
_DASHBOARD = f"{_STRICT}; script-src 'self' 'unsafe-inline'"


class HealthMiddleware:
    """Answers ``/health`` before hosts, sessions and redirects: 200 when the database answers, 503 when not."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Ask the database, or pass on."""
        if request.path != "/health":
            return self.answer(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM catalogue_product LIMIT 1")
        except Exception:  # noqa: BLE001 - whatever it is, the shop cannot sell
            return HttpResponse("database not reached\n", status=503, content_type="text/plain")
        return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


class HeadersMiddleware:
    """Adds the content security policy; the reverse proxy adds what holds for every service."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the policy of the page."""
        response = self.answer(request)
        policy = _DASHBOARD if request.path.startswith("/dashboard/") else _STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


class LanguageMiddleware(LocaleMiddleware):
    """Vietnamese, until the reader asks for English: what a browser is set to says little about who sits before it."""

    def process_request(self, request: HttpRequest) -> None:
        """Look at the reader's own choice only."""
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)


class CsrfMiddleware(CsrfViewMiddleware):
    """Django's protection of forms, which takes the shop's own name as origin on any port.

    The reverse proxy hands on the name without its port; a browser that comes through a forwarded port sends it.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        origin = urlsplit(request.META["HTTP_ORIGIN"])
        own = origin.scheme == "https" and origin.hostname == config.load().domain
        return own or super()._origin_verified(request)


def client_address(request: HttpRequest) -> str:
    """Return the address that the reverse proxy, the only one at the socket, added last."""
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or "0.0.0.0"  # noqa: S104
