"""Reading the profile's lots and events: all faults at once, each with its line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit import traceability_app
from tracing.csvfiles import EVENT_COLUMNS, LOT_COLUMNS, CsvError, load_events, load_lots

if TYPE_CHECKING:
    from pathlib import Path

GTIN = "8938505974019"
LOT = f'{GTIN},A/1,,"Mật ong, 500 ml",,HTX Thiên An,Xã Phủ Thông,Phủ Thông,,,2026-09-12,2028-09-12,,240,chai'
EVENT = f"{GTIN},A/1,2026-09-12T09:00+07:00,packing,Xưởng,Đóng chai,"


def write(folder: Path, columns: tuple[str, ...], *rows: str) -> Path:
    """Write a CSV file."""
    path = folder / "file.csv"
    path.write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    return path


def test_lot_is_read(tmp_path: Path) -> None:
    """A lot's GTIN comes in its 14-digit form, quoted commas stay."""
    (lot,) = load_lots(write(tmp_path, LOT_COLUMNS, LOT))

    assert (lot.gtin, lot.lot, lot.serial, lot.picture) == ("08938505974019", "A/1", "", "")
    assert lot.fields["product_vi"] == "Mật ong, 500 ml"


def test_byte_order_mark_and_decomposed_letters_are_taken(tmp_path: Path) -> None:
    """What spreadsheets and other keyboards write is the same text."""
    path = write(tmp_path, LOT_COLUMNS, LOT.replace("Mật", "Mật"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert load_lots(path)[0].fields["product_vi"] == "Mật ong, 500 ml"


def test_all_faults_of_lots_are_named_at_once(tmp_path: Path) -> None:
    """Each fault has its line and column."""
    rows = [
        LOT.replace("4019,", "4018,"),
        LOT.replace("A/1", "lô một"),
        LOT.replace("2028-09-12", "2025-09-12"),
        LOT.replace("HTX Thiên An", ""),
        LOT.replace(",240,", ",nhiều,"),
        LOT.replace("2026-09-12", "12/09/2026"),
        LOT + ",x",
        LOT,
        LOT,
    ]
    with pytest.raises(CsvError) as caught:
        load_lots(write(tmp_path, LOT_COLUMNS, *rows))

    assert [fault.split(": ")[:2] for fault in caught.value.faults] == [
        ["file.csv:8", "expected 15 values; quote a value that holds a comma"],
        ["file.csv:2", "gtin"],
        ["file.csv:3", "lot"],
        ["file.csv:4", "expires_on"],
        ["file.csv:5", "producer"],
        ["file.csv:6", "quantity"],
        ["file.csv:7", "produced_on"],
        ["file.csv:10", "lot"],
    ]


def test_events_come_in_order_of_time(tmp_path: Path) -> None:
    """The file's order is free."""
    later = EVENT.replace("09-12T09", "09-12T10").replace("packing", "shipping")
    events = load_events(write(tmp_path, EVENT_COLUMNS, later, EVENT))

    assert [event.kind for event in events] == ["packing", "shipping"]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (("+07:00", ""), "time"),
        (("2026-09-12T09:00+07:00", "hôm qua"), "time"),
        (("packing", "eating"), "type"),
        (("packing", "registered"), "type"),
        (("Xưởng", ""), "place"),
        (("Đóng chai", ""), "description_vi"),
    ],
)
def test_fault_of_an_event_is_named(tmp_path: Path, change: tuple[str, str], column: str) -> None:
    """A wrong value is refused at its column."""
    with pytest.raises(CsvError) as caught:
        load_events(write(tmp_path, EVENT_COLUMNS, EVENT.replace(*change)))

    assert caught.value.faults[0].startswith(f"file.csv:2: {column}: ")


def test_other_columns_and_encodings_are_refused(tmp_path: Path) -> None:
    """A file of another shape says what was expected."""
    with pytest.raises(CsvError, match="expected the columns gtin,lot,time"):
        load_events(write(tmp_path, LOT_COLUMNS, LOT))
    path = write(tmp_path, EVENT_COLUMNS, EVENT)
    path.write_bytes(path.read_bytes().decode().encode("utf-16"))
    with pytest.raises(CsvError, match="UTF-8"):
        load_events(path)


def test_shipped_records_are_sound() -> None:
    """The pilot's own lots and events can be imported."""
    folder = traceability_app.ROLE.parent.parent / "commune_profiles" / "data" / "vi-huong"
    lots, events = load_lots(folder / "lots.csv"), load_events(folder / "events.csv")

    assert {(event.gtin, event.lot) for event in events} <= {(lot.gtin, lot.lot) for lot in lots}
    assert lots
