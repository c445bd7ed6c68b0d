"""The words that lots and events are recorded in: fields the law asks for, kinds of events. Pure data, no Django."""

from __future__ import annotations

from dataclasses import dataclass

DECREE = "Nghị định 37/2026/NĐ-CP, Điều 23 khoản 5"  # read in paraphrase, 2026-11-23; not legal advice
CBV = "GS1 Core Business Vocabulary 2.0, section 7.1 (business steps); TCVN 12850 (critical tracking events)"


@dataclass(frozen=True, slots=True)
class Label:
    """The same words in Vietnamese and English."""

    vi: str
    en: str

    def get(self, language: str) -> str:
        """Return the words in one language."""
        return self.en if language == "en" else self.vi


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a lot: its title on the page, and the rule that asks for it."""

    name: str
    label: Label
    source: str


FIELDS: tuple[Field, ...] = (
    Field("product", Label("Tên sản phẩm", "Product"), source=DECREE),
    Field("picture", Label("Hình ảnh sản phẩm", "Picture of the product"), source=DECREE),
    Field("producer", Label("Cơ sở sản xuất", "Producer"), source=DECREE),
    Field("producer_address", Label("Địa chỉ cơ sở sản xuất", "Producer's address"), source=DECREE),
    Field("origin", Label("Xuất xứ", "Origin"), source=DECREE),
    Field("brand", Label("Thương hiệu, nhãn hiệu", "Brand"), source=DECREE),
    Field("gtin", Label("Mã sản phẩm (GTIN)", "Product code (GTIN)"), source="TCVN 13274"),
    Field("lot", Label("Số lô", "Lot number"), source=DECREE + " (nếu có)"),
    Field("serial", Label("Số sê-ri", "Serial number"), source=DECREE + " (nếu có)"),
    Field("produced_on", Label("Ngày sản xuất", "Produced on"), source="TCVN 12850"),
    Field("expires_on", Label("Hạn sử dụng", "Best before"), source=DECREE + " (nếu có)"),
    Field("standards", Label("Tiêu chuẩn, quy chuẩn áp dụng", "Standards applied"), source=DECREE),
    Field("quantity", Label("Số lượng của lô", "Quantity of the lot"), source="TCVN 12850"),
)

# What a lot's events in the chain record of it; the same names are the columns of the lots' table.
LOT_FIELDS: tuple[str, ...] = (
    "product_vi", "product_en", "producer", "producer_address", "origin_vi", "origin_en", "brand", "produced_on",
    "expires_on", "standards", "quantity", "unit", "picture_digest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event: its name, and what it is in EPCIS (business step, action, disposition)."""

    label: Label
    business_step: str
    action: str = "OBSERVE"
    disposition: str | None = None


# Recorded by the application itself: a lot's fields at its registration, and each later change of them.
REGISTERED, AMENDED, VOID, RECALL = "registered", "amended", "void", "recall"

KINDS: dict[str, EventKind] = {
    "planting": EventKind(Label("Gieo trồng, thả nuôi", "Planting, stocking"), "other"),
    "care": EventKind(Label("Chăm sóc", "Care"), "other"),
    "harvest": EventKind(Label("Thu hoạch", "Harvest"), "commissioning"),
    "processing": EventKind(Label("Sơ chế, chế biến", "Processing"), "creating_class_instance"),
    "inspection": EventKind(Label("Kiểm tra chất lượng", "Quality inspection"), "inspecting"),
    "packing": EventKind(Label("Đóng gói, dán nhãn", "Packing, labelling"), "packing"),
    "storage": EventKind(Label("Lưu kho", "Storage"), "storing"),
    "shipping": EventKind(Label("Xuất hàng, vận chuyển", "Shipping"), "shipping", disposition="in_transit"),
    "receiving": EventKind(Label("Nhận hàng", "Receiving"), "receiving"),
    "sale": EventKind(Label("Bán lẻ", "Retail sale"), "retail_selling"),
    RECALL: EventKind(Label("Thu hồi", "Recall"), "holding", disposition="recalled"),
    "other": EventKind(Label("Việc khác", "Other"), "other"),
}
SYSTEM_KINDS: dict[str, EventKind] = {
    REGISTERED: EventKind(Label("Đăng ký lô hàng", "Lot registered"), "commissioning", action="ADD"),
    AMENDED: EventKind(Label("Sửa thông tin lô hàng", "Lot data amended"), "other"),
    VOID: EventKind(Label("Hủy một ghi nhận sai", "Wrong entry withdrawn"), "other"),
}
ALL_KINDS = KINDS | SYSTEM_KINDS
