"""What buyers and staff see, on a real database: pages in two languages, the resolver, forms, the lock."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.unit import postgres
from tests.unit.traceability_app import FIELDS, GTIN, HOST, PASSWORD, THEN

pytestmark = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed")
pytest_plugins = ["tests.unit.traceability_database"]


def get(client: Any, path: str) -> Any:
    """Ask as gunicorn passes it on: the address undecoded beside the decoded path."""
    return client.get(path, RAW_URI=path)


@pytest.mark.parametrize(
    ("language", "words"),
    [("vi", ("Mật ong", "Thu hoạch", "Nguyên vẹn")), ("en", ("Forest honey", "Harvest", "Intact"))],
)
def test_page_of_a_lot(client: Any, lot: Any, language: str, words: tuple[str, ...]) -> None:
    """The page says all the law asks for in either language, in under 50 KB, without scripts."""
    answer = get(client, f"/01/{GTIN}/10/A%2F1?lang={language}")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in page
    assert all(word in page for word in (*words, "HTX Thiên An", "TCVN 12605:2019", "12/09/2026", "truyxuat"))
    assert len(answer.content) < 50_000
    assert "<script" not in page
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    assert "test" not in lot.chain


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"/01/{GTIN[1:]}", 200, "A/1"),
        (f"/01/{GTIN}/10/A%2F1/21/7", 200, "không được ghi riêng"),
        (f"/01/{GTIN}/10/A%2F1?17=250101", 200, "khác với ghi nhận"),
        (f"/01/{GTIN}/10/X", 404, "Không tìm thấy mã này"),
        ("/01/09506000134352", 404, "đừng dùng"),
        ("/01/8938505974018", 400, "Chữ số kiểm tra"),
        (f"/01/{GTIN}/99/1", 400, "GS1 Digital Link"),
        ("/khong-co", 404, "Không tìm thấy"),
    ],
)
@pytest.mark.usefixtures("lot")
def test_resolver_answers(client: Any, path: str, status: int, words: str) -> None:
    """Short GTINs are padded, products list their lots, and what is wrong is explained in Vietnamese."""
    answer = get(client, path)

    assert answer.status_code == status
    assert words in answer.content.decode()


@pytest.mark.usefixtures("lot")
def test_resolver_serves_programs(client: Any) -> None:
    """A linkset names the pages and the EPCIS document, which holds every event."""
    links = json.loads(get(client, f"/01/{GTIN}/10/A%2F1?linkType=all").content)["linkset"][0]
    target = get(client, f"/01/{GTIN}/10/A%2F1?linkType=gs1:epcis")
    document = json.loads(get(client, target.headers["Location"]).content)

    assert links["anchor"] == f"https://{HOST}/01/{GTIN}/10/A%2F1"
    assert target.status_code == 307
    assert [event["bizStep"] for event in document["epcisBody"]["eventList"]] == [
        "commissioning",
        "commissioning",
        "packing",
    ]


def test_expired_and_recalled_lots_warn(client: Any, records: Any) -> None:
    """A buyer is told not to use them."""
    lot = records.register_lot(GTIN, "CU", "", FIELDS | {"expires_on": date(2026, 10, 1)}, by="truyxuat")
    recall = records.record_event(lot, records.Entry("recall", THEN, "HTX", "Lỗi bao bì"), by="truyxuat")
    before = client.get(f"/01/{GTIN}/10/CU").content.decode()
    records.correct_event(recall, records.Entry("void", THEN), by="truyxuat", reason="nhầm lô")
    after = client.get(f"/01/{GTIN}/10/CU").content.decode()

    assert "HẾT HẠN SỬ DỤNG từ ngày 01/10/2026" in before
    assert "LÔ HÀNG BỊ THU HỒI" in before
    assert "LÔ HÀNG BỊ THU HỒI" not in after


def test_account_locks_after_five_failures(client: Any) -> None:
    """From the sixth try on even the right password is refused, from that address only."""
    from django.contrib.auth.models import User

    User.objects.create_user("truyxuat", password=PASSWORD)
    login = "/nhan-vien/dang-nhap/"
    for _ in range(5):
        client.post(login, {"username": "truyxuat", "password": "wrong"})
    locked = client.post(login, {"username": "TruyXuat", "password": PASSWORD})
    elsewhere = client.post(login, {"username": "truyxuat", "password": PASSWORD}, headers={"x-real-ip": "10.20.2.8"})

    assert locked.status_code == 200
    assert "tạm khóa 15 phút" in locked.content.decode()
    assert elsewhere.status_code == 302


@pytest.mark.parametrize("path", ["/nhan-vien/", "/nhan-vien/lo/them/", "/nhan-vien/lo/1/nhan.pdf"])
def test_staff_pages_ask_for_a_login(client: Any, path: str) -> None:
    """Nobody else records or prints."""
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/nhan-vien/dang-nhap/")


def test_staff_records_prints_and_removes_a_test_lot(staff: Any) -> None:
    """The whole way of a lot by the forms."""
    form = {name: str(value) for name, value in FIELDS.items()} | {"gtin": GTIN, "lot": "THU-9", "is_test": "on"}
    path = staff.post("/nhan-vien/lo/them/", form).headers["Location"]
    event = {"kind": "harvest", "occurred_at": "2026-09-05T06:30", "place": "Nà Phai", "description_vi": "Hái chè"}
    assert staff.post(f"{path}su-kien/", event).status_code == 302
    labels = staff.get(f"{path}nhan.pdf", {"layout": "single", "copies": "1"})
    page = staff.get(path).content.decode()

    assert labels.headers["Content-Type"] == "application/pdf"
    assert labels.content.startswith(b"%PDF")
    assert "Hái chè" in page
    assert staff.post(f"{path}xoa/").headers["Location"] == "/nhan-vien/"
    assert staff.get(path).status_code == 404


def test_form_explains_a_wrong_code(staff: Any) -> None:
    """A mistyped digit is explained, nothing is recorded."""
    form = {name: str(value) for name, value in FIELDS.items()} | {
        "gtin": GTIN[:-1] + "8",
        "lot": "lô 1",
        "expires_on": "2099-01-01",
    }
    answer = staff.post("/nhan-vien/lo/them/", form)

    assert answer.status_code == 422
    assert "nhãn chỉ ghi hai chữ số của năm" in answer.content.decode()
    assert "Chữ số kiểm tra không khớp" in answer.content.decode()
    assert "Chỉ dùng chữ không dấu" in answer.content.decode()


@pytest.mark.usefixtures("records")
def test_form_without_its_token_is_explained() -> None:
    """A stale form is refused in Vietnamese, and nothing is recorded."""
    from django.test import Client

    browser = Client(enforce_csrf_checks=True, headers={"x-forwarded-proto": "https", "host": HOST})
    answer = browser.post("/nhan-vien/dang-nhap/", {"username": "truyxuat", "password": PASSWORD})

    assert answer.status_code == 403
    assert "Trang đã cũ" in answer.content.decode()
