"""What buyers see: the page of a lot, the lots of a product, and what the GS1 resolver answers to programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from .epcis import build_document
from .gs1 import DigitalLink, GS1Error, build_path, normalise_gtin, parse_path
from .models import Lot, Picture
from .page import build_page
from .texts import choose_language, get_texts

if TYPE_CHECKING:
    from django.http import HttpRequest

RECENT = 20
VOCABULARY = "https://gs1.org/voc/"
LINK_TYPES = {"gs1:traceability", "gs1:pip", "gs1:defaultLink", None}


def _render(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Render a public page in the reader's language; the other one is a link away, at the same address."""
    language = choose_language(request.GET.get("lang"), request.headers.get("Accept-Language", ""))
    other = "en" if language == "vi" else "vi"
    query = {name: value for name, value in request.GET.items() if name != "lang"}
    shared = {
        "language": language,
        "other": other,
        "other_query": urlencode({**query, "lang": other}),
        "suffix": f"?lang={language}" if "lang" in request.GET else "",
        "t": get_texts(language),
    }
    response = render(request, f"tracing/{template}", shared | context, status=status)
    response["Content-Language"] = language
    response["Cache-Control"] = "no-cache"
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _parse(request: HttpRequest, prefix: str = "") -> DigitalLink:
    """Take the address apart as it was sent: decoded once too often, ``%2F`` in a lot would become a slash."""
    raw = str(request.META.get("RAW_URI") or request.get_full_path())
    path = urlsplit(raw).path.removeprefix(prefix)
    return parse_path(path, request.GET.dict(), today=timezone.localdate())


def _invalid(request: HttpRequest, error: GS1Error) -> HttpResponse:
    return _render(request, "invalid.html", {"fault": f"invalid_{error.code}", "value": error.value}, status=400)


def _not_found(request: HttpRequest, code: str) -> HttpResponse:
    return _render(request, "not_found.html", {"code": code}, status=404)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Search by code, and the lots recorded last."""
    asked = request.GET.get("q", "").strip()
    if asked:
        try:
            if "/01/" in asked:
                parts = urlsplit(asked)
                link = parse_path(parts.path[parts.path.index("/01/") :], parts.query, today=timezone.localdate())
            else:
                link = DigitalLink(normalise_gtin(asked))
        except GS1Error as error:
            return _invalid(request, error)
        return HttpResponseRedirect(build_path(link))
    return _render(request, "home.html", {"lots": Lot.objects.filter(is_test=False)[:RECENT]})


@require_safe
def resolve(request: HttpRequest) -> HttpResponse:
    """Answer a Digital Link: the lot's page, the product's lots, or the links to what else there is."""
    try:
        link = _parse(request)
    except GS1Error as error:
        return _invalid(request, error)
    if not link.lot:
        lots = Lot.objects.filter(gtin=link.gtin, is_test=False)
        if link.serial:
            lots = lots.filter(serial=link.serial)
        return _list(request, link, lots)
    same_lot = Lot.objects.filter(gtin=link.gtin, lot=link.lot)
    lot = same_lot.filter(serial=link.serial).first()
    serial_unknown = lot is None and bool(link.serial)
    if serial_unknown:
        lot = same_lot.filter(serial="").first()
    if lot is None:
        # a lot whose items carry serial numbers: let the reader choose; an unknown serial of it is simply unknown
        return _list(request, link, same_lot.none() if link.serial else same_lot.filter(is_test=False))
    return _answer(request, link, lot, serial_unknown=serial_unknown)


def _list(request: HttpRequest, link: DigitalLink, lots: Any) -> HttpResponse:
    """Answer with the lots to choose from; 404 when there are none."""
    rows = list(lots)
    if not rows:
        return _not_found(request, build_path(replace(link, expiry=None)))
    return _render(request, "product.html", {"gtin": link.gtin, "lots": rows, "product": rows[0]})


def _answer(request: HttpRequest, link: DigitalLink, lot: Lot, *, serial_unknown: bool) -> HttpResponse:
    """Answer for one lot: page, linkset or redirection to the EPCIS document, as asked."""
    link_type = request.GET.get("linkType")
    epcis_path = "/epcis" + lot.path
    if link_type in {"all", "linkset"} or "application/linkset+json" in request.headers.get("Accept", ""):
        return _linkset(lot, epcis_path)
    if link_type == "gs1:epcis":
        return HttpResponse(status=307, headers={"Location": epcis_path})
    if link_type not in LINK_TYPES:
        return _not_found(request, link_type)
    context = {
        "page": build_page(lot),
        "canonical": settings.BASE_ADDRESS + lot.path,
        "epcis": epcis_path,
        "serial_unknown": serial_unknown,
        "expiry_differs": link.expiry is not None and link.expiry != lot.expires_on,
    }
    return _render(request, "lot.html", context)


def _linkset(lot: Lot, epcis_path: str) -> HttpResponse:
    """Return the lot's links as RFC 9264 asks."""
    anchor = settings.BASE_ADDRESS + lot.path
    pages = [
        {"href": f"{anchor}?lang={language}", "title": title, "type": "text/html", "hreflang": [language]}
        for language, title in (("vi", "Truy xuất nguồn gốc"), ("en", "Product traceability"))
    ]
    links: dict[str, Any] = {
        "anchor": anchor,
        f"{VOCABULARY}defaultLink": [{"href": anchor, "title": "Truy xuất nguồn gốc", "type": "text/html"}],
        f"{VOCABULARY}traceability": pages,
        f"{VOCABULARY}epcis": [
            {"href": settings.BASE_ADDRESS + epcis_path, "title": "EPCIS 2.0", "type": "application/ld+json"}
        ],
    }
    return JsonResponse({"linkset": [links]}, content_type="application/linkset+json")


@require_safe
def epcis(request: HttpRequest) -> HttpResponse:
    """Return a lot's events as an EPCIS document."""
    try:
        link = _parse(request, prefix="/epcis")
    except GS1Error as error:
        return JsonResponse({"type": "epcisException:ValidationException", "detail": str(error)}, status=400)
    lot = get_object_or_404(Lot, gtin=link.gtin, lot=link.lot, serial=link.serial)
    records = [event.record() for event in lot.events.select_related("lot", "corrects").order_by("sequence")]
    quantity = (lot.quantity, lot.unit) if lot.quantity else None
    document = build_document(records, base=settings.BASE_ADDRESS, quantity=quantity, made_at=timezone.now())
    return JsonResponse(document, content_type="application/ld+json", json_dumps_params={"ensure_ascii": False})


@require_safe
@cache_control(public=True, max_age=31536000, immutable=True)
def picture(_request: HttpRequest, digest: str) -> HttpResponse:
    """Return a product's picture; its address names its content, so it never changes."""
    return HttpResponse(bytes(get_object_or_404(Picture, digest=digest).data), content_type="image/jpeg")


@require_safe
def resolver_description(_request: HttpRequest) -> HttpResponse:
    """Return what GS1 asks a resolver to say about itself."""
    return JsonResponse(
        {
            "name": f"Truy xuất nguồn gốc {settings.COMMUNE}",
            "resolverRoot": settings.BASE_ADDRESS,
            "supportedPrimaryKeys": ["01"],
            "linkTypeDefaultCanBeLinkset": False,
        },
        json_dumps_params={"ensure_ascii": False},
    )


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Keep search engines off staff's pages."""
    return HttpResponse("User-agent: *\nDisallow: /nhan-vien/\n", content_type="text/plain")


@require_safe
def health(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the records can be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT FROM tracing_event LIMIT 1) AS any_event")
    response = HttpResponse("ok\n", content_type="text/plain")
    response["Cache-Control"] = "no-store"
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist."""
    return _not_found(request, request.path)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that no browser sends."""
    return _render(request, "error.html", {"kind": "error"}, status=400)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token has run out."""
    return _render(request, "error.html", {"kind": "stale"}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when something broke; asks nothing of the database."""
    return _render(request, "error.html", {"kind": "error"}, status=500)
