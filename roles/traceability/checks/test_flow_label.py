"""What a buyer does: scan a label, read where the product comes from. The label is printed by staff, for a test lot."""

from __future__ import annotations

import re
import secrets as random
from dataclasses import dataclass
from urllib.parse import quote

import pypdfium2
import pytest
import zxingcpp

GTIN = "02000000000008"  # GS1 prefix 02: for use inside a company, never on sale elsewhere
PAGE_LIMIT = 50_000
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PLACE = "Thôn thử nghiệm"


@dataclass
class Staff:
    """A browser logged in as staff."""

    web: object
    base: str

    def get(self, path, **options):
        """Ask for a page."""
        return self.web.get(self.base + path, **options)

    def post(self, path, data, form=None):
        """Send the form that stands at ``form``, or at the path itself, as a browser would."""
        page = self.get(form or path)
        token = TOKEN.search(page.text)
        assert token, f"{form or path} answers {page.status_code} without a form"
        headers = {"Referer": self.base + path, "Origin": self.base}
        return self.web.post(self.base + path, data={**data, "csrfmiddlewaretoken": token[1]}, headers=headers)


@pytest.fixture
def staff(web, web_address, commune, secrets):
    """Log in as staff, and out at the end."""
    staff = Staff(web, web_address)
    answer = staff.post(
        "/nhan-vien/dang-nhap/",
        {"username": commune["traceability_staff_user"], "password": secrets("staff_password")},
    )
    assert answer.status_code == 302, "the staff account cannot log in"
    yield staff
    staff.post("/nhan-vien/dang-xuat/", {}, form="/nhan-vien/")


@pytest.fixture
def lot(staff):
    """Record a lot marked as a test with one event; remove it at the end."""
    number = f"THU/{random.token_hex(4).upper()}"
    fields = {
        "gtin": GTIN,
        "lot": number,
        "product_vi": "Lô kiểm tra tự động",
        "product_en": "Automatic test lot",
        "producer": "Kiểm tra tự động",
        "producer_address": "Không có thật",
        "origin_vi": "Không có thật",
        "expires_on": "2049-12-31",
        "is_test": "on",
    }
    answer = staff.post("/nhan-vien/lo/them/", fields)
    assert answer.status_code == 302, "the lot was not recorded"
    path = answer.headers["location"]
    event = {"kind": "harvest", "occurred_at": "2026-01-02T03:04", "place": PLACE, "description_vi": "Thu hoạch thử"}
    recorded = staff.post(f"{path}su-kien/", event)
    yield number, path
    removed = staff.post(f"{path}xoa/", {}, form=path)
    assert recorded.status_code == 302, "the event was not recorded"
    assert removed.status_code == 302, "the test lot was not removed"
    assert staff.get(path).status_code == 404


@pytest.mark.flow
@pytest.mark.title(
    vi="Nhãn QR do nhân viên in, người mua quét được và đọc được nguồn gốc",
    en="A label printed by staff is scanned by a buyer, who reads where the product comes from",
)
def test_label_leads_to_its_page(staff, lot, web):
    """A label printed by staff is scanned by a buyer, who reads where the product comes from."""
    number, path = lot
    pdf = staff.get(f"{path}nhan.pdf", params={"layout": "sheet", "copies": "24"})
    sheet = pypdfium2.PdfDocument(pdf.content)
    codes = zxingcpp.read_barcodes(sheet[0].render(scale=200 / 72).to_pil())
    addresses = {code.text for code in codes}

    assert len(codes) == 24
    assert addresses == {f"{staff.base}/01/{GTIN}/10/{quote(number, safe='')}?17=491231"}
    for language, words in (("vi", ("Thu hoạch", PLACE, "Nguyên vẹn")), ("en", ("Harvest", PLACE, "Intact"))):
        page = web.get(addresses.copy().pop(), headers={"Accept-Language": language, "Cookie": ""})
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert all(word in page.text for word in words)
        assert len(page.content) < PAGE_LIMIT
        assert "<script" not in page.text


@pytest.mark.flow
@pytest.mark.title(
    vi="Mã lạ được trả lời bằng lời khuyên tiếng Việt", en="An unknown code is answered with advice in Vietnamese"
)
def test_unknown_code_is_explained(web, web_address):
    """An unknown code is answered with advice in Vietnamese."""
    page = web.get(f"{web_address}/01/{GTIN}/10/KHONG-CO", headers={"Accept-Language": "vi"})

    assert page.status_code == 404
    assert '<html lang="vi">' in page.text
    assert "Không tìm thấy mã này" in page.text


@pytest.mark.flow
@pytest.mark.title(vi="Trang nhân viên đòi đăng nhập", en="Staff's pages ask for a login")
def test_staff_pages_are_closed(web, web_address):
    """Staff's pages ask for a login."""
    answer = web.get(f"{web_address}/nhan-vien/lo/them/")

    assert answer.status_code == 302
    assert "/nhan-vien/dang-nhap/" in answer.headers["location"]
