"""Fixtures of the traceability application's tests: its database, records in it, and browsers before it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit import postgres
from tests.unit.traceability_app import FIELDS, GTIN, HOST, PASSWORD, THEN, configure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A database with the application's tables, sealed."""
    with postgres.cluster("postgres") as folder:
        configure(folder)
        yield folder
        from django.db import connections

        connections.close_all()


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo whatever happens inside."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def records(cluster: Path) -> Iterator[Any]:
    """The ledger, in a transaction that is rolled back."""
    from tracing import ledger

    with rolled_back():
        yield ledger


@pytest.fixture
def lot(records: Any) -> Any:
    """A lot with two events."""
    lot = records.register_lot(GTIN, "A/1", "", FIELDS, by="truyxuat")
    records.record_event(lot, records.Entry("harvest", THEN, "Thôn Địa Cát", "Quay mật", "Honey spun"), by="truyxuat")
    records.record_event(lot, records.Entry("packing", THEN + timedelta(days=1), "Xưởng", "Đóng chai"), by="truyxuat")
    return lot


@pytest.fixture
def client(records: Any) -> Any:
    """A browser behind the reverse proxy, logged in as nobody."""
    from django.test import Client

    return Client(headers={"x-forwarded-proto": "https", "x-real-ip": "10.20.2.7", "host": HOST})


@pytest.fixture
def staff(client: Any) -> Any:
    """A browser logged in as staff."""
    from django.contrib.auth.models import User

    User.objects.create_user("truyxuat", password=PASSWORD)
    answer = client.post("/nhan-vien/dang-nhap/", {"username": "truyxuat", "password": PASSWORD})
    assert answer.status_code == 302
    return client
