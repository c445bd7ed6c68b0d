"""What every answer carries: the content security policy, and the words that all pages share."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.safestring import mark_safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

STYLE = (Path(__file__).parent / "templates/tracing/style.css").read_text(encoding="utf-8").strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# The one style sheet stands in each page: an old phone on a thin link asks once and has everything.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class SecurityHeaders:
    """Set the policy; pages allow no script at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy."""
        response = self.get_response(request)
        response["Content-Security-Policy"] = POLICY
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        return response


def site_context(request: HttpRequest) -> dict[str, Any]:
    """Return what all templates use."""
    return {
        "style": mark_safe(STYLE),  # noqa: S308 - our own file
        "commune": settings.COMMUNE,
        "contact": settings.CONTACT,
    }
