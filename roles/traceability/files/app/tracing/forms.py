"""Staff's forms: Vietnamese, few fields, phone keyboards that fit."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from .gs1 import GS1Error, normalise_gtin, validate_component
from .ledger import RecordError, keep_picture, refuse_far_expiry
from .models import Lot
from .vocabulary import KINDS, LOT_FIELDS

GTIN_FAULTS = {
    "gtin_form": "Mã GTIN phải có 8, 12, 13 hoặc 14 chữ số.",
    "gtin_check": "Chữ số kiểm tra không khớp: hãy xem lại từng chữ số trên bao bì.",
}
PICTURE_LIMIT = 8 * 1024**2


class MomentInput(forms.DateTimeInput):
    """The browser's own picker of date and time."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class DateInput(forms.DateInput):
    """The browser's own picker of a date."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class LotFieldsForm(forms.Form):
    """What a lot says about itself, and may be amended later."""

    product_vi = forms.CharField(label="Tên sản phẩm", max_length=200)
    product_en = forms.CharField(label="Tên tiếng Anh (nếu có)", max_length=200, required=False)
    producer = forms.CharField(label="Cơ sở sản xuất", max_length=200)
    producer_address = forms.CharField(label="Địa chỉ cơ sở sản xuất", max_length=300)
    origin_vi = forms.CharField(label="Xuất xứ (vùng trồng, nuôi)", max_length=200)
    origin_en = forms.CharField(label="Xuất xứ bằng tiếng Anh (nếu có)", max_length=200, required=False)
    brand = forms.CharField(label="Thương hiệu (nếu có)", max_length=100, required=False)
    produced_on = forms.DateField(label="Ngày sản xuất", widget=DateInput(), required=False)
    expires_on = forms.DateField(label="Hạn sử dụng", widget=DateInput(), required=False)
    standards = forms.CharField(label="Tiêu chuẩn áp dụng (VietGAP, OCOP, TCVN …)", max_length=300, required=False)
    quantity = forms.DecimalField(label="Số lượng", min_value=0, max_digits=12, decimal_places=3, required=False)
    unit = forms.CharField(label="Đơn vị (hộp, kg …)", max_length=30, required=False)
    picture = forms.FileField(
        label="Ảnh sản phẩm",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def clean_picture(self) -> str:
        """Store the picture; returns its digest, empty when none was given."""
        upload = self.cleaned_data["picture"]
        if not upload:
            return ""
        if upload.size > PICTURE_LIMIT:
            raise forms.ValidationError("Ảnh lớn hơn 8 MB: hãy chọn ảnh nhỏ hơn.")
        try:
            return keep_picture(upload.read())
        except RecordError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """Compare the dates."""
        data: dict[str, Any] = super().clean() or {}
        produced, expires = data.get("produced_on"), data.get("expires_on")
        if produced and expires and expires < produced:
            self.add_error("expires_on", "Hạn sử dụng ở trước ngày sản xuất.")
        try:
            refuse_far_expiry(expires)
        except RecordError as error:
            self.add_error("expires_on", str(error))
        return data

    def lot_fields(self) -> dict[str, Any]:
        """Return what the ledger records; without a new picture the old one stays."""
        data = self.cleaned_data
        fields = {name: data[name] for name in LOT_FIELDS if name in data}
        fields["quantity"] = "" if data["quantity"] is None else f"{data['quantity'].normalize():f}"
        return fields | ({"picture_digest": data["picture"]} if data["picture"] else {})


class LotForm(LotFieldsForm):
    """A new lot."""

    gtin = forms.CharField(
        label="Mã GTIN (dãy số dưới mã vạch)", max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    lot = forms.CharField(label="Số lô", max_length=20, widget=forms.TextInput(attrs={"autocapitalize": "characters"}))
    serial = forms.CharField(label="Số sê-ri (chỉ khi mỗi sản phẩm có số riêng)", max_length=20, required=False)
    is_test = forms.BooleanField(label="Lô thử nghiệm (xóa được, không hiện trong danh sách)", required=False)
    field_order: ClassVar[list[str]] = ["gtin", "lot", "serial"]

    def clean_gtin(self) -> str:
        """Check the check digit."""
        try:
            return normalise_gtin(self.cleaned_data["gtin"])
        except GS1Error as error:
            raise forms.ValidationError(GTIN_FAULTS[error.code]) from error

    def _component(self, name: str) -> str:
        value = str(self.cleaned_data[name])
        try:
            return validate_component(value, name) if value else ""
        except GS1Error as error:
            raise forms.ValidationError(
                "Chỉ dùng chữ không dấu, chữ số và các dấu - . / _ ; tối đa 20 ký tự, không có dấu cách."
            ) from error

    def clean_lot(self) -> str:
        """Check the characters."""
        return self._component("lot")

    def clean_serial(self) -> str:
        """Check the characters."""
        return self._component("serial")

    def clean(self) -> dict[str, Any]:
        """Refuse a lot that is recorded already."""
        data = super().clean()
        identity = {name: data.get(name, "") for name in ("gtin", "lot", "serial")}
        if Lot.objects.filter(**identity).exists():
            self.add_error("lot", "Lô này đã được ghi nhận.")
        return data


class AmendForm(LotFieldsForm):
    """Other words for a lot, and why."""

    reason = forms.CharField(label="Lý do sửa", max_length=300)


class EventForm(forms.Form):
    """What happened."""

    kind = forms.ChoiceField(label="Việc gì", choices=[(name, kind.label.vi) for name, kind in KINDS.items()])
    occurred_at = forms.DateTimeField(label="Lúc nào", widget=MomentInput(), initial=timezone.localtime)
    place = forms.CharField(label="Ở đâu", max_length=200)
    description_vi = forms.CharField(label="Mô tả", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    description_en = forms.CharField(label="Mô tả bằng tiếng Anh (nếu có)", max_length=1000, required=False)


class CorrectionForm(EventForm):
    """What is right instead, and why; or that it did not happen at all."""

    reason = forms.CharField(label="Lý do đính chính", max_length=300)
    void = forms.BooleanField(label="Việc này không xảy ra: hủy ghi nhận", required=False)


class LabelForm(forms.Form):
    """How many labels, on what paper."""

    layout = forms.ChoiceField(
        label="Giấy", choices=[("sheet", "Tờ A4, 24 nhãn (3 × 8)"), ("single", "Máy in nhãn, 70 × 37 mm")]
    )
    copies = forms.IntegerField(label="Số nhãn", min_value=1, max_value=480, initial=24)
