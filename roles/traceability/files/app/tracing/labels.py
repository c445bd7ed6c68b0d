"""QR labels as PDF: sheets of 3 by 8 on A4, or one label a page for a label printer. No Django.

Sizes: GS1 General Specifications 5.12.3.1 ask of a QR code with a Digital Link at the point of sale a module of
0.396 to 0.990 mm and a quiet zone of four modules on each side. The symbol is drawn as vectors, so no printer blurs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import segno
from fpdf import FPDF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

Layout = Literal["sheet", "single"]
MODULE_MIN, MODULE_TARGET = 0.396, 0.495  # mm
QUIET_ZONE = 4  # modules
COLUMNS, ROWS = 3, 8
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
WIDTH, HEIGHT = PAGE_WIDTH / COLUMNS, PAGE_HEIGHT / ROWS  # 70 x 37.125 mm: a common sheet of self-adhesive labels
EDGE = 4.5  # mm that printers leave blank at the sheet's edge
FONTS = Path("/usr/share/fonts/truetype/dejavu")  # Debian's fonts-dejavu-core: has all of Vietnamese
GREY = 70


class LabelError(ValueError):
    """The address is too long for a symbol that scanners read at this size."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one label says: the address in its symbol, and its lines for the eye."""

    address: str
    product: str
    lot: str
    dates: str
    producer: str
    element_string: str
    notice: str = ""


def encode_symbol(address: str) -> tuple[tuple[int, ...], ...]:
    """Return the QR code's rows of modules without quiet zone; error correction M, as GS1 asks of Digital Links."""
    code = segno.make_qr(address, error="m", boost_error=False)
    return tuple(tuple(row) for row in code.matrix)


def fit_module(modules: int, room: float) -> float:
    """Return the module's size in mm for a symbol with its quiet zone in ``room`` mm: the target, or what fits.

    Raises LabelError when it would be smaller than scanners read.
    """
    size = min(MODULE_TARGET, room / (modules + 2 * QUIET_ZONE))
    if size < MODULE_MIN:
        raise LabelError(f"{modules} modules in {room:.1f} mm give {size:.3f} mm a module, less than {MODULE_MIN} mm")
    return size


def _runs(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give start and length of each run of dark modules."""
    start = None
    for index, dark in enumerate((*row, 0)):
        if dark and start is None:
            start = index
        elif not dark and start is not None:
            yield start, index - start
            start = None


def _draw_symbol(pdf: FPDF, symbol: tuple[tuple[int, ...], ...], left: float, top: float, module: float) -> None:
    pdf.set_fill_color(0)
    for index, row in enumerate(symbol):
        for start, length in _runs(row):
            # a hair of overlap: without it viewers show white lines between rows
            pdf.rect(left + start * module, top + index * module, length * module, module * 1.02, style="F")


def _write(pdf: FPDF, text: str, *, size: float, width: float, lines: int, bold: bool = False, grey: int = 0) -> None:
    """Write ``text`` at the cursor in at most ``lines`` lines, the last one cut with an ellipsis."""
    if not text:
        return
    pdf.set_font("DejaVu", "B" if bold else "", size)
    pdf.set_text_color(grey)
    height = size * 0.42
    wrapped = pdf.multi_cell(width, height, text, align="L", dry_run=True, output="LINES")
    if len(wrapped) > lines:
        last = wrapped[lines - 1]
        while last and pdf.get_string_width(last + "…") > width - 2 * pdf.c_margin:
            last = last[:-1]
        wrapped = [*wrapped[: lines - 1], last.rstrip(" ,;-") + "…"]
    left = pdf.get_x()
    for line in wrapped:
        pdf.cell(width, height, line)
        pdf.set_xy(left, pdf.get_y() + height)


def _draw_label(pdf: FPDF, label: Label, left: float, top: float, symbol: tuple[tuple[int, ...], ...]) -> None:
    module = fit_module(len(symbol), HEIGHT - 4)
    quiet = QUIET_ZONE * module
    side = len(symbol) * module
    symbol_left = left + max(EDGE, quiet)
    symbol_top = top + (HEIGHT - side) / 2
    _draw_symbol(pdf, symbol, symbol_left, symbol_top, module)
    text_left = symbol_left + side + quiet
    width = left + WIDTH - EDGE + 1 - text_left
    pdf.set_xy(text_left, top + EDGE)
    if label.notice:
        _write(pdf, label.notice, size=7, width=width, lines=1, bold=True)
    _write(pdf, label.product, size=8.5, width=width, lines=2, bold=True)
    pdf.set_y(pdf.get_y() + 0.8)
    pdf.set_x(text_left)
    _write(pdf, label.lot, size=7, width=width, lines=2, bold=True)
    _write(pdf, label.dates, size=6.5, width=width, lines=2)
    _write(pdf, label.producer, size=6.5, width=width, lines=2, grey=GREY)
    pdf.set_xy(text_left, top + HEIGHT - EDGE - 5.6)
    _write(pdf, "Quét mã để xem nguồn gốc", size=6, width=width, lines=1)
    _write(pdf, label.element_string, size=4.6, width=width, lines=2, grey=GREY)


def render_labels(label: Label, *, copies: int, layout: Layout, made_at: datetime, fonts: Path = FONTS) -> bytes:
    """Return the PDF; equal input gives equal bytes, ``made_at`` being the document's date.

    Raises LabelError when the address does not fit a readable symbol.
    """
    symbol = encode_symbol(label.address)
    page = (PAGE_WIDTH, PAGE_HEIGHT) if layout == "sheet" else (HEIGHT, WIDTH)
    pdf = FPDF(orientation="portrait" if layout == "sheet" else "landscape", unit="mm", format=page)
    pdf.set_creation_date(made_at)
    pdf.set_title(f"Nhãn {label.element_string}")
    pdf.set_lang("vi")
    pdf.set_auto_page_break(auto=False)
    pdf.c_margin = 0
    pdf.add_font("DejaVu", "", fonts / "DejaVuSans.ttf")
    pdf.add_font("DejaVu", "B", fonts / "DejaVuSans-Bold.ttf")
    page_size = COLUMNS * ROWS if layout == "sheet" else 1
    for index in range(copies):
        place = index % page_size
        if place == 0:
            pdf.add_page()
        _draw_label(pdf, label, place % COLUMNS * WIDTH, place // COLUMNS * HEIGHT, symbol)
    return bytes(pdf.output())
