"""The checkout's forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from oscar.apps.checkout.forms import GatewayForm as OscarGatewayForm
from oscar.apps.checkout.forms import ShippingMethodForm
from oscar.core.loading import get_model

from forks.address.forms import VietnameseAddressForm

__all__ = ["GatewayForm", "PaymentMethodForm", "ShippingAddressForm", "ShippingMethodForm"]


class GatewayForm(OscarGatewayForm):
    """E-mail first: a guest needs nothing else."""

    username = forms.EmailField(label=_("My e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class ShippingAddressForm(VietnameseAddressForm):
    """Where the goods go."""

    class Meta:
        model = get_model("order", "ShippingAddress")
        fields = ["first_name", "phone_number", "line1", "notes"]


class PaymentMethodForm(forms.Form):
    """How the buyer pays."""

    method = forms.ChoiceField(label=_("Payment"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, methods: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [(method.code, method.name) for method in methods]
