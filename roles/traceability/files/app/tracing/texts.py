"""The public pages' words, Vietnamese first, and the choice between the two languages. Pure, no Django."""

from __future__ import annotations

import re

from .vocabulary import Label

LANGUAGES = ("vi", "en")

TEXTS: dict[str, Label] = {
    "title": Label("Truy xuất nguồn gốc", "Product traceability"),
    "search": Label("Nhập mã trên nhãn", "Enter the code on the label"),
    "search_hint": Label(
        "Mã sản phẩm (GTIN) 8 đến 14 chữ số, hoặc cả địa chỉ bên dưới mã QR.",
        "Product code (GTIN), 8 to 14 digits, or the whole address of the QR code.",
    ),
    "search_button": Label("Tra cứu", "Look up"),
    "recent": Label("Sản phẩm của địa phương", "Local products"),
    "none_yet": Label("Chưa có lô hàng nào được ghi nhận.", "No lot has been recorded yet."),
    "lots_of": Label("Các lô của sản phẩm", "Lots of the product"),
    "lots_hint": Label(
        "Mã này chỉ sản phẩm. Hãy chọn số lô in trên nhãn:",
        "This code names the product. Choose the lot number printed on the label:",
    ),
    "about": Label("Thông tin sản phẩm", "About the product"),
    "events": Label("Hành trình sản phẩm", "The product's way"),
    "no_events": Label("Chưa có sự kiện nào được ghi.", "No event has been recorded yet."),
    "place": Label("Nơi", "Place"),
    "recorded": Label("Ghi bởi", "Recorded by"),
    "at": Label("lúc", "on"),
    "corrected": Label("Đã đính chính", "Corrected"),
    "withdrawn": Label("Đã hủy: ghi nhận sai", "Withdrawn: wrong entry"),
    "correction": Label("Đính chính", "Correction"),
    "reason": Label("Lý do", "Reason"),
    "changed_fields": Label("Đã sửa", "Changed"),
    "chain": Label("Kiểm tra chuỗi ghi nhận", "Check of the record"),
    "chain_good": Label(
        "Nguyên vẹn: các ghi nhận của lô này chưa từng bị sửa.",
        "Intact: the entries of this lot were never changed.",
    ),
    "chain_bad": Label(
        "KHÔNG KHỚP: ghi nhận của lô này có dấu hiệu bị sửa. Đừng tin thông tin trên trang này.",
        "DOES NOT MATCH: the entries of this lot seem to have been changed. Do not trust this page.",
    ),
    "chain_how": Label(
        "Mỗi ghi nhận mang dấu vân số (SHA-256) của ghi nhận trước. Ghi nhận không bao giờ bị sửa hay xóa; ghi sai "
        "thì đính chính bằng một ghi nhận mới.",
        "Each entry carries the fingerprint (SHA-256) of the one before. Entries are never edited or deleted; a "
        "mistake is corrected by a new entry.",
    ),
    "checked": Label("Kiểm tra lúc", "Checked on"),
    "entries": Label("ghi nhận", "entries"),
    "latest": Label("dấu vân mới nhất", "latest fingerprint"),
    "expired": Label("HẾT HẠN SỬ DỤNG từ ngày", "PAST ITS DATE since"),
    "expired_advice": Label("Không nên mua hoặc dùng sản phẩm này.", "Do not buy or use this product."),
    "recalled": Label("LÔ HÀNG BỊ THU HỒI", "THIS LOT IS RECALLED"),
    "recalled_advice": Label("Ngừng sử dụng và liên hệ nơi bán hoặc", "Stop using it and contact the seller or"),
    "test": Label("LÔ THỬ NGHIỆM – không phải hàng bán", "TEST LOT – not goods for sale"),
    "serial_unknown": Label(
        "Số sê-ri trên nhãn không được ghi riêng; đây là thông tin của cả lô.",
        "The serial number on the label is not recorded by itself; this is what is known of the whole lot.",
    ),
    "expiry_differs": Label(
        "Hạn sử dụng trên nhãn khác với ghi nhận. Nhãn có thể bị làm giả.",
        "The date on the label differs from the record. The label may be forged.",
    ),
    "declared": Label(
        "Thông tin do cơ sở sản xuất khai báo và chịu trách nhiệm.", "Stated by the producer, who answers for it."
    ),
    "contact": Label("Liên hệ", "Contact"),
    "not_found": Label("Không tìm thấy mã này", "This code is not known"),
    "not_found_advice": Label(
        "Hãy so lại từng chữ số với nhãn. Nếu mã đúng như trên nhãn mà vẫn không thấy, nhãn có thể bị làm giả: đừng "
        "dùng sản phẩm, giữ lại bao bì và báo cho",
        "Compare each digit with the label. If the code is as printed and still not found, the label may be forged: do "
        "not use the product, keep the packaging and tell",
    ),
    "invalid": Label("Mã không đúng", "The code is not right"),
    "invalid_gtin_form": Label(
        "Mã sản phẩm (GTIN) phải có 8, 12, 13 hoặc 14 chữ số.", "A product code (GTIN) has 8, 12, 13 or 14 digits."
    ),
    "invalid_gtin_check": Label(
        "Chữ số kiểm tra của mã không khớp: có chữ số bị gõ hoặc in sai.",
        "The code's check digit does not fit: a digit was mistyped or misprinted.",
    ),
    "invalid_lot": Label("Số lô không hợp lệ.", "The lot number is not valid."),
    "invalid_serial": Label("Số sê-ri không hợp lệ.", "The serial number is not valid."),
    "invalid_date": Label("Ngày trong mã không hợp lệ.", "The date in the code is not valid."),
    "invalid_path": Label(
        "Địa chỉ không theo mẫu của GS1 Digital Link.", "The address does not follow GS1 Digital Link."
    ),
    "retry": Label("Tra cứu mã khác", "Look up another code"),
    "data": Label("Dữ liệu máy đọc (EPCIS)", "Machine-readable data (EPCIS)"),
    "staff": Label("Dành cho nhân viên", "For staff"),
    "stale": Label("Trang đã cũ", "The page is out of date"),
    "stale_advice": Label(
        "Hãy quay lại trang trước, tải lại rồi gửi lại. Trình duyệt phải cho phép cookie.",
        "Go back, reload the page and send it again. The browser has to accept cookies.",
    ),
    "error": Label("Có lỗi xảy ra", "Something went wrong"),
    "error_advice": Label("Hãy thử lại sau ít phút.", "Please try again in a few minutes."),
}


def choose_language(asked: str | None, accept: str) -> str:
    """Return the page's language: what the address asks for, else English if the reader prefers it to Vietnamese."""
    if asked in LANGUAGES:
        return str(asked)
    weights = {"vi": 0.0, "en": 0.0}
    for part in accept.lower().split(","):
        match = re.fullmatch(r"\s*(vi|en)(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part)
        if match:
            weights[match[1]] = max(weights[match[1]], float(match[2] or 1))
    return "en" if weights["en"] > weights["vi"] else "vi"


def get_texts(language: str) -> dict[str, str]:
    """Return all words in one language."""
    return {name: label.get(language) for name, label in TEXTS.items()}
