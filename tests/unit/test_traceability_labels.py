"""QR labels: what is printed decodes to the address, at sizes that scanners read."""

from __future__ import annotations

from datetime import UTC, datetime

import pypdfium2
import pytest
import zxingcpp

from tests.unit import traceability_app  # noqa: F401 - puts the application on the path
from tracing.labels import (
    COLUMNS,
    EDGE,
    FONTS,
    HEIGHT,
    MODULE_MIN,
    QUIET_ZONE,
    ROWS,
    WIDTH,
    Label,
    LabelError,
    encode_symbol,
    fit_module,
    render_labels,
)

MADE = datetime(2026, 11, 24, tzinfo=UTC)
ADDRESS = "https://truy-xuat.example.gov.vn/01/08938505974019/10/MD%2F2025.11?17=271001"
LABEL = Label(
    address=ADDRESS,
    product="Miến dong sợi nhỏ truyền thống Phủ Thông, gói 500 g, đóng hộp biếu tặng dịp Tết",
    lot="Lô: MD/2025.11",
    dates="NSX: 01/10/2026\nHSD: 01/10/2027",
    producer="HTX Thiên An, thôn Địa Cát, xã Phủ Thông, tỉnh Thái Nguyên",
    element_string="(01)08938505974019(17)271001(10)MD/2025.11",
)
needs_fonts = pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-dejavu-core is not installed")


@needs_fonts
@pytest.mark.parametrize(
    ("layout", "copies", "pages", "last_page"), [("sheet", 25, 2, 1), ("sheet", 24, 1, 24), ("single", 2, 2, 1)]
)
def test_printed_labels_decode_to_the_address(layout: str, copies: int, pages: int, last_page: int) -> None:
    """Each label of each page carries the address, read from the page as it is printed at 200 dots per inch."""
    document = pypdfium2.PdfDocument(render_labels(LABEL, copies=copies, layout=layout, made_at=MADE))
    found = zxingcpp.read_barcodes(document[len(document) - 1].render(scale=200 / 72).to_pil())

    assert len(document) == pages
    assert [code.text for code in found] == [ADDRESS] * last_page


@needs_fonts
def test_label_says_in_vietnamese_what_it_is() -> None:
    """Product, lot, dates and producer stand beside the symbol, with their diacritics; what is too long is cut."""
    document = pypdfium2.PdfDocument(render_labels(LABEL, copies=1, layout="single", made_at=MADE))
    text = document[0].get_textpage().get_text_bounded()

    assert all(words in text for words in ("Miến dong", "Lô: MD/2025.11", "HSD: 01/10/2027", "HTX Thiên An", "…"))
    assert "Quét mã để xem nguồn gốc" in text


@needs_fonts
def test_same_label_is_the_same_file() -> None:
    """Equal input gives equal bytes."""
    one, other = (render_labels(LABEL, copies=3, layout="sheet", made_at=MADE) for _ in range(2))

    assert one == other


@pytest.mark.parametrize("length", [40, 91, 130, 190])
def test_symbol_keeps_the_standards_sizes(length: int) -> None:
    """Module and quiet zone are as GS1 asks, and the symbol stays inside its label."""
    modules = len(encode_symbol("https://example.vn/".ljust(length, "A")))
    module = fit_module(modules, HEIGHT - 4)

    assert module >= MODULE_MIN
    assert module * (modules + 2 * QUIET_ZONE) <= HEIGHT
    assert QUIET_ZONE * module + EDGE < WIDTH / 2


def test_address_too_long_for_a_readable_symbol_is_refused() -> None:
    """Rather no label than one that no telephone reads."""
    with pytest.raises(LabelError):
        fit_module(len(encode_symbol("https://example.vn/".ljust(900, "A"))), HEIGHT - 4)


def test_sheet_is_a4() -> None:
    """Three by eight labels fill the sheet."""
    assert (COLUMNS * WIDTH, ROWS * HEIGHT) == (210, 297)
