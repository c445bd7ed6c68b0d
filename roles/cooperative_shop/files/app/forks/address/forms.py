"""Address forms: full name, phone, province, commune, house and hamlet. They work without scripts.

A buyer picks the province first; the button beside it, or a script, then brings that province's communes.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model
from oscar.forms.mixins import PhoneNumberMixin

from shop import config
from shop.communes import Commune, communes, provinces

CHOOSE_PROVINCE = "choose_province"


def commune_of(province: str, name: str) -> Commune | None:
    """Return the commune by the names that an address holds, or None."""
    return next((commune for commune in provinces().get(province, ()) if commune.name == name), None)


class VietnameseAddressForm(PhoneNumberMixin, forms.ModelForm):
    """The fields of an address in Viet Nam; ``instance`` gets ``state`` (province) and ``line4`` (commune)."""

    phone_number_fields = {
        "phone_number": {"required": True, "max_length": 32, "label": _("Phone number"), "help_text": ""},
    }
    province = forms.ChoiceField(label=_("Province or city"))
    commune = forms.ChoiceField(label=_("Commune or ward"))
    field_order = ["first_name", "phone_number", "province", "commune", "line1", "notes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.country = get_model("address", "Country")(iso_3166_1_a2="VN", printable_name="Việt Nam")
        texts = {
            "first_name": (_("Full name"), "name", ""),
            "line1": (_("House number, street, hamlet or village"), "street-address", ""),
            "phone_number": (_("Phone number"), "tel", _("For the delivery, such as 0912 345 678.")),
        }
        for name, (label, autocomplete, text) in texts.items():
            self.fields[name].required = True
            self.fields[name].label = label
            self.fields[name].help_text = text
            self.fields[name].widget.attrs["autocomplete"] = autocomplete
        self.fields["phone_number"].widget.attrs["inputmode"] = "tel"
        self.fields["notes"].label = _("Note for the cooperative")
        self.fields["notes"].widget.attrs["rows"] = 2
        self.offer_communes()
        self.order_fields(self.field_order)

    def offer_communes(self) -> None:
        """Offer all provinces, and the communes of the one that is chosen; the shop's own one to begin with."""
        own = communes()[config.load().commune_code]
        known = commune_of(self.get_initial("state"), self.get_initial("line4"))
        sent = communes().get(self.data.get(self.add_prefix("commune"), "")) if self.is_bound else None
        province = self.data.get(self.add_prefix("province")) if self.is_bound else (known or own).province
        if not province and sent:
            province = sent.province
        self.fields["province"].choices = [(name, name) for name in provinces()]
        self.fields["province"].initial = province
        listed = [(commune.code, commune.name) for commune in provinces().get(province or "", ())]
        self.fields["commune"].choices = [("", _("Choose a commune or ward")), *listed]
        self.fields["commune"].initial = known.code if known else ""

    def get_initial(self, name: str) -> str:
        """Return the address's own value of a field that the form does not show."""
        return str(self.initial.get(name) or getattr(self.instance, name, "") or "")

    def clean(self) -> dict[str, Any]:
        """Write commune and province to the address and check the number as a Vietnamese one."""
        cleaned: dict[str, Any] = super().clean()
        commune = communes().get(cleaned.get("commune", ""))
        if commune:
            self.instance.state, self.instance.line4 = commune.province, commune.name
        number = cleaned.get("phone_number")
        if number and not self.has_error("phone_number") and not (hasattr(number, "is_valid") and number.is_valid()):
            self.add_error("phone_number", _("This is not a valid phone number."))
        return cleaned


class UserAddressForm(VietnameseAddressForm):
    """An address in a customer's book."""

    class Meta:
        model = get_model("address", "UserAddress")
        fields = ["first_name", "phone_number", "line1", "notes"]

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.user = user
