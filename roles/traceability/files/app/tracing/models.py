"""The tables. Events are append-only: migration 0002 has the database refuse everything else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone

from .chain import Record
from .gs1 import DigitalLink, build_path
from .vocabulary import ALL_KINDS, LOT_FIELDS

if TYPE_CHECKING:
    from datetime import date

LIVE_CHAIN = "live"


class Picture(models.Model):
    """A product's picture, JPEG, by the SHA-256 of its bytes: never changed, so the chain can name it."""

    digest = models.CharField(primary_key=True, max_length=64)
    data = models.BinaryField()


class Lot(models.Model):
    """A lot as it stands after all that the chain says about it (``vocabulary.FIELDS`` has the rules' names).

    GTIN, lot, serial and ``is_test`` never change. A test lot has a chain of its own, and it alone can be deleted.
    """

    gtin = models.CharField(max_length=14)
    lot = models.CharField(max_length=20)
    serial = models.CharField(max_length=20, blank=True)
    product_vi = models.CharField(max_length=200)
    product_en = models.CharField(max_length=200, blank=True)
    producer = models.CharField(max_length=200)
    producer_address = models.CharField(max_length=300)
    origin_vi = models.CharField(max_length=200)
    origin_en = models.CharField(max_length=200, blank=True)
    brand = models.CharField(max_length=100, blank=True)
    produced_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    standards = models.CharField(max_length=300, blank=True)
    quantity = models.CharField(max_length=20, blank=True)
    unit = models.CharField(max_length=30, blank=True)
    picture_digest = models.CharField(max_length=64, blank=True)
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """One row for each GTIN, lot and serial."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["gtin", "lot", "serial"], name="lot_identity"),
        ]
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.gtin}/{self.lot}" + (f"/{self.serial}" if self.serial else "")

    @property
    def chain(self) -> str:
        """The chain its events belong to."""
        return f"test-{self.pk}" if self.is_test else LIVE_CHAIN

    @property
    def link(self) -> DigitalLink:
        """The lot's Digital Link, with its expiry."""
        return DigitalLink(self.gtin, self.lot, self.serial, self.expires_on)

    @property
    def path(self) -> str:
        """The path of its public page."""
        return build_path(replace(self.link, expiry=None))

    def plain_fields(self) -> dict[str, str]:
        """Return the fields as the chain records them: text only, dates in ISO form."""
        return {name: plain_value(getattr(self, name)) for name in LOT_FIELDS}

    def is_expired(self, today: date) -> bool:
        """Tell whether the expiry is past."""
        return self.expires_on is not None and self.expires_on < today


def plain_value(value: Any) -> str:
    """Return a field's value as the chain records it."""
    return "" if value is None else value if isinstance(value, str) else value.isoformat()


class Event(models.Model):
    """Something that happened to a lot, recorded once; ``corrects`` is the event it replaces or withdraws."""

    chain = models.CharField(max_length=32)
    sequence = models.PositiveBigIntegerField()
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    occurred_at = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    description_vi = models.CharField(max_length=1000, blank=True)
    description_en = models.CharField(max_length=1000, blank=True)
    corrects = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.DO_NOTHING, related_name="corrected_by"
    )
    details = models.JSONField(default=dict)
    recorded_by = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        """No fork: a place in a chain, and a predecessor, are taken once."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="event_sequence"),
            models.UniqueConstraint(fields=["chain", "previous"], name="event_previous"),
        ]
        ordering: ClassVar[list[str]] = ["chain", "sequence"]

    def __str__(self) -> str:
        return f"{self.chain}/{self.sequence} {self.kind}"

    @property
    def label(self) -> Any:
        """The kind's name in both languages."""
        return ALL_KINDS[self.kind].label

    def content(self) -> dict[str, Any]:
        """Return what the digest is over."""
        return {
            "schema": 1,
            "chain": self.chain,
            "sequence": self.sequence,
            "gtin": self.lot.gtin,
            "lot": self.lot.lot,
            "serial": self.lot.serial,
            "kind": self.kind,
            "occurred_at": self.occurred_at,
            "place": self.place,
            "description_vi": self.description_vi,
            "description_en": self.description_en,
            "corrects": self.corrects.digest if self.corrects else None,
            "details": self.details,
            "recorded_by": self.recorded_by,
            "recorded_at": self.recorded_at,
        }

    def record(self) -> Record:
        """Return the event as the chain's functions take it."""
        return Record(self.chain, self.sequence, self.content(), self.previous, self.digest)


class FailedLogin(models.Model):
    """A refused attempt to log in: what ``lockout`` counts."""

    username = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.username} {self.at:%Y-%m-%d %H:%M}"
