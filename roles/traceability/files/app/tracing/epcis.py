"""A lot's events as an EPCIS 2.0 document (JSON-LD), for other systems of the chain. Pure, no Django.

Source: GS1 EPCIS 2.0 and CBV 2.0. Places are words here, not location numbers: they travel under our own namespace.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .gs1 import DigitalLink, build_address
from .vocabulary import ALL_KINDS, VOID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .chain import Record

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
VIETNAM = timezone(timedelta(hours=7))


def build_event_id(digest: str) -> str:
    """Return the event's name: its digest as an RFC 6920 URI."""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _moment(value: datetime) -> str:
    return value.astimezone(VIETNAM).isoformat(timespec="milliseconds")


def _what(record: Record, address: str, quantity: tuple[str, str] | None) -> dict[str, Any]:
    """Return the event's object: the serialised item, or a quantity of the lot."""
    if record.content["serial"]:
        return {"epcList": [address]}
    element: dict[str, Any] = {"epcClass": address}
    if quantity:
        element["quantity"] = float(quantity[0])
    return {"quantityList": [element]}


def build_document(
    records: Sequence[Record], *, base: str, quantity: tuple[str, str] | None, made_at: datetime
) -> dict[str, Any]:
    """Return the document of one lot; a corrected event carries ``errorDeclaration`` with what corrects it."""
    corrections = {record.content["corrects"]: record for record in records if record.content["corrects"]}
    events = []
    for record in records:
        content = record.content
        kind = ALL_KINDS[content["kind"]]
        address = build_address(base, DigitalLink(content["gtin"], content["lot"], content["serial"]))
        event: dict[str, Any] = {
            "type": "ObjectEvent",
            "eventID": build_event_id(record.digest),
            "eventTime": _moment(content["occurred_at"]),
            "recordTime": _moment(content["recorded_at"]),
            "eventTimeZoneOffset": "+07:00",
            "action": kind.action,
            "bizStep": kind.business_step,
            **({"disposition": kind.disposition} if kind.disposition else {}),
            **_what(record, address, quantity),
            "tx:kind": content["kind"],
            "tx:place": content["place"],
            "tx:description": [
                {"@language": language, "@value": content[f"description_{language}"]}
                for language in ("vi", "en")
                if content[f"description_{language}"]
            ],
            "tx:recordedBy": content["recorded_by"],
        }
        if correction := corrections.get(record.digest):
            event["errorDeclaration"] = {
                "declarationTime": _moment(correction.content["recorded_at"]),
                "reason": "did_not_occur" if correction.content["kind"] == VOID else "incorrect_data",
                "correctiveEventIDs": [build_event_id(correction.digest)],
            }
        events.append(event)
    return {
        "@context": [CONTEXT, {"tx": f"{base}/tx/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _moment(made_at),
        "epcisBody": {"eventList": events},
    }
