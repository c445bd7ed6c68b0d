"""Records on a real database: append-only whoever asks, one chain, corrections, import, the staff account."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit import postgres, traceability_app
from tests.unit.traceability_app import FIELDS, GTIN, PASSWORD, THEN

pytestmark = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed")
pytest_plugins = ["tests.unit.traceability_database"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tracing_event SET place = 'x'",
        "TRUNCATE tracing_event CASCADE",
        "ALTER TABLE tracing_event DISABLE TRIGGER ALL",
        "ALTER TABLE tracing_event OWNER TO traceability",
        "DROP TABLE tracing_event CASCADE",
        "DROP FUNCTION tracing_event_delete() CASCADE",
        "UPDATE tracing_picture SET data = ''",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION tracing_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ],
)
@pytest.mark.usefixtures("cluster")
def test_account_of_the_application_cannot_tamper(cluster: Path, statement: str) -> None:
    """Neither rows nor what guards them can be changed by the account that serves the pages."""
    result = traceability_app.psql(cluster, "traceability", statement)

    assert result.returncode != 0
    assert re.search("permission denied|must be owner|append-only", result.stderr)


@pytest.mark.parametrize("statement", ["UPDATE {} SET is_test = true", "DELETE FROM {}", "UPDATE {} SET lot = 'B'"])
def test_lot_keeps_identity_and_test_mark(lot: Any, statement: str) -> None:
    """A real lot cannot be made a test lot and then removed."""
    from django.db import DatabaseError, connection, transaction

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format("tracing_lot") + f" WHERE id = {lot.pk}")


def test_event_of_a_real_lot_cannot_be_deleted(lot: Any) -> None:
    """The database refuses it, and the ledger refuses to try."""
    from django.db import DatabaseError, transaction

    from tracing.ledger import RecordError, delete_test_lot
    from tracing.models import Event

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(lot=lot).delete()
    with pytest.raises(RecordError):
        delete_test_lot(lot)


def test_test_lot_leaves_the_live_chain_alone(records: Any, lot: Any) -> None:
    """A test lot has a chain of its own and goes without a trace; the live chain still verifies."""
    from tracing.models import Event
    from tracing.verification import verify_all

    before = list(Event.objects.filter(chain="live").values_list("digest", flat=True))
    test = records.register_lot(GTIN, "THU", "", FIELDS, by="truyxuat", is_test=True)
    event = records.record_event(test, records.Entry("harvest", THEN), by="truyxuat")
    records.correct_event(event, records.Entry("void", THEN), by="truyxuat", reason="thử")
    assert Event.objects.filter(chain=test.chain).count() == 3
    records.delete_test_lot(test)

    assert not Event.objects.filter(chain=test.chain).exists()
    assert list(Event.objects.filter(chain="live").values_list("digest", flat=True)) == before
    assert verify_all()[1] == []
    assert lot.chain == "live"


def test_correction_is_a_new_event(records: Any, lot: Any) -> None:
    """The wrong event stays as it was; it can be corrected once, then its correction can."""
    event = lot.events.get(kind="harvest")
    right = records.Entry("harvest", THEN, "Thôn Nà Phai", "Quay mật")
    correction = records.correct_event(event, right, by="truyxuat", reason="ghi nhầm thôn")

    event.refresh_from_db()
    assert (event.place, correction.corrects_id) == ("Thôn Địa Cát", event.pk)
    with pytest.raises(records.RecordError):
        records.correct_event(event, right, by="truyxuat", reason="lại")
    with pytest.raises(records.RecordError):
        records.record_event(lot, records.Entry("sale", datetime.now(UTC) + timedelta(days=1)), by="truyxuat")


def test_amended_field_is_in_the_chain(records: Any, lot: Any) -> None:
    """What a lot says about itself changes only with an event; a change beside the chain is found."""
    from tracing.models import Lot
    from tracing.verification import verify_all, verify_lot

    assert records.amend_lot(lot, {"brand": "Thiên An"}, by="truyxuat", reason="thêm") is True
    assert records.amend_lot(lot, {"brand": "Thiên An"}, by="truyxuat", reason="thêm") is False
    assert verify_all()[1] == []
    Lot.objects.filter(pk=lot.pk).update(origin_vi="Nơi khác")

    assert [(fault.kind, fault.subject) for fault in verify_all()[1]] == [("lot", f"{GTIN}/A/1")]
    assert "origin_vi" in verify_lot(Lot.objects.get(pk=lot.pk))[1][0].message


def test_events_at_the_same_time_make_one_chain(cluster: Path) -> None:
    """Four people recording at once neither fork nor break the chain."""
    from django.db import connections

    from tracing import ledger
    from tracing.models import Lot
    from tracing.verification import load_records, verify_records

    lot = ledger.register_lot(GTIN, "SONG-SONG", "", FIELDS, by="truyxuat", is_test=True)

    def record(number: int) -> None:
        for _ in range(5):
            ledger.record_event(lot, ledger.Entry("care", THEN, f"lô {number}"), by="truyxuat")
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, range(4)))
    found = load_records(chain=lot.chain)
    ledger.delete_test_lot(lot)

    assert verify_records(found) == []
    assert [entry.sequence for entry in found] == list(range(1, 22))
    assert not Lot.objects.filter(pk=lot.pk).exists()


def test_import_records_once_and_corrects(records: Any, tmp_path: Path) -> None:
    """A second import changes nothing; a changed row amends or corrects, and staff's own words stay."""
    from tracing.csvfiles import EVENT_COLUMNS, LOT_COLUMNS
    from tracing.importing import import_files
    from tracing.models import Event, Lot
    from tracing.verification import verify_all

    lots, events = tmp_path / "lots.csv", tmp_path / "events.csv"
    row = f"{GTIN},N1,,Chè,,HTX,Phủ Thông,Phủ Thông,,,2026-10-01,,,40,gói"
    lots.write_text(",".join(LOT_COLUMNS) + f"\n{row}\n")
    event = f"{GTIN},N1,2026-10-01T08:00+07:00,packing,Xưởng,Đóng gói,"
    events.write_text(",".join(EVENT_COLUMNS) + f"\n{event}\n")
    assert import_files(lots, events, dry_run=True).changed == 2
    assert not Lot.objects.filter(lot="N1").exists()
    assert import_files(lots, events, dry_run=False).changed == 2
    assert import_files(lots, events, dry_run=False).changed == 0
    records.amend_lot(Lot.objects.get(lot="N1"), {"brand": "Thiên An"}, by="truyxuat", reason="thêm")
    assert import_files(lots, events, dry_run=False).changed == 0
    events.write_text(events.read_text().replace("Đóng gói", "Đóng 40 gói"))
    lots.write_text(lots.read_text().replace(",40,", ",45,"))
    outcome = import_files(lots, events, dry_run=False)

    assert (outcome.lots_amended, outcome.events_corrected, outcome.changed) == (1, 1, 2)
    assert Lot.objects.get(lot="N1").quantity == "45"
    assert import_files(lots, events, dry_run=False).changed == 0
    assert Event.objects.get(corrects__isnull=False).corrects.description_vi == "Đóng gói"
    assert Lot.objects.get(lot="N1").brand == "Thiên An"
    assert verify_all()[1] == []


@pytest.mark.usefixtures("lot")
def test_verify_chain_command_proves_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """It is silent on a sound chain, shows that each tampering would be found, and misses a head that is gone."""
    from django.core.management import call_command

    call_command("verify_chain", "--json", "--prove")
    result = json.loads(capsys.readouterr().out)
    with pytest.raises(SystemExit):
        call_command("verify_chain", "--json", "--head", "0" * 64)

    assert result["valid"] is True
    assert result["detects"] == {"edit": True, "forge": True, "remove": True, "swap": True}
    assert json.loads(capsys.readouterr().out)["faults"][0]["kind"] == "head"


def test_staff_account_follows_the_secret(records: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The account is made once, its password set when it differs, every other account shut."""
    import io

    from django.contrib.auth.models import User
    from django.core.management import CommandError, call_command

    User.objects.create_user("admin", password="admin")
    results = []
    for password in (PASSWORD, PASSWORD, PASSWORD * 2):
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        call_command("staff_account", username="truyxuat")
        results.append(json.loads(capsys.readouterr().out)["changed"])
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))

    assert results == [["account", "rights", "password", "shut admin"], [], ["password"]]
    assert User.objects.get(username="truyxuat").check_password(PASSWORD * 2)
    with pytest.raises(CommandError):
        call_command("staff_account", username="truyxuat")


def test_picture_is_made_small_and_anonymous(records: Any) -> None:
    """A phone's photograph loses its size and its metadata; what is no picture is refused."""
    import io

    from PIL import Image

    from tracing.models import Picture

    photograph = io.BytesIO()
    Image.new("RGB", (3000, 2000), "orange").save(photograph, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    digest = records.keep_picture(photograph.getvalue())
    kept = Image.open(io.BytesIO(bytes(Picture.objects.get(digest=digest).data)))

    assert kept.size == (480, 320)
    assert not kept.getexif()
    with pytest.raises(records.RecordError):
        records.keep_picture(b"<svg/>")


@pytest.mark.usefixtures("records")
def test_imported_picture_is_compared_by_its_file(tmp_path: Path) -> None:
    """A picture is brought in once; another file with the same name amends the lot."""
    from PIL import Image

    from tracing.csvfiles import LOT_COLUMNS, CsvError
    from tracing.importing import import_files
    from tracing.models import Lot, Picture

    lots = tmp_path / "lots.csv"
    row = f"{GTIN},N2,,Chè,,HTX,Phủ Thông,Phủ Thông,,,2026-10-01,,,40,gói,che.png"
    lots.write_text(",".join([*LOT_COLUMNS, "picture"]) + f"\n{row}\n")
    with pytest.raises(CsvError, match=r"pictures/che\.png is missing"):
        import_files(lots, None, dry_run=False)
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (600, 600), "green").save(tmp_path / "pictures" / "che.png")
    assert import_files(lots, None, dry_run=False).lots_new == 1
    first = Lot.objects.get(lot="N2").picture_digest
    assert Picture.objects.filter(digest=first).exists()
    assert import_files(lots, None, dry_run=False).changed == 0
    Image.new("RGB", (600, 600), "red").save(tmp_path / "pictures" / "che.png")

    assert import_files(lots, None, dry_run=False).lots_amended == 1
    assert Lot.objects.get(lot="N2").picture_digest != first
