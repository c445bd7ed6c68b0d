"""The checkout: Vietnamese addresses, payment on delivery or by VietQR, an order that is never half placed."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import override
from django.views.generic import FormView
from oscar.apps.checkout import exceptions, views
from oscar.core.loading import get_class, get_model

from forks.address.forms import CHOOSE_PROVINCE
from forks.checkout.forms import PaymentMethodForm
from shop import payment

Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")
OrderDispatcher = get_class("order.utils", "OrderDispatcher")
CheckoutSessionMixin = get_class("checkout.session", "CheckoutSessionMixin")


class ShippingAddressView(views.ShippingAddressView):
    """Where the goods go."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Bring the communes of the chosen province, or take the address."""
        if CHOOSE_PROVINCE in request.POST:
            form = self.get_form()
            initial = {name: form.data.get(name, "") for name in form.fields}
            fresh = self.form_class(initial={**initial, "commune": ""})
            fresh.fields["commune"].choices = form.fields["commune"].choices
            return self.render_to_response(self.get_context_data(form=fresh))
        return super().post(request, *args, **kwargs)


class PaymentMethodView(CheckoutSessionMixin, FormView):
    """How the buyer pays; a shop with one way does not ask."""

    form_class = PaymentMethodForm
    template_name = "oscar/checkout/payment_method.html"
    success_url = reverse_lazy("checkout:preview")
    pre_conditions = views.PaymentMethodView.pre_conditions

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask, unless there is nothing to choose."""
        offered = payment.methods()
        if len(offered) == 1:
            self.checkout_session.pay_by(offered[0].code)
            return redirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Offer the shop's ways, the last choice first."""
        initial = {"method": self.checkout_session.payment_method() or payment.ON_DELIVERY}
        return {**super().get_form_kwargs(), "methods": payment.methods(), "initial": initial}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the ways with their descriptions."""
        form = kwargs.pop("form", None) or self.get_form()
        return {**super().get_context_data(**kwargs), "form": form, "payment_methods": payment.methods()}

    def form_valid(self, form: PaymentMethodForm) -> HttpResponse:
        """Remember the choice."""
        self.checkout_session.pay_by(form.cleaned_data["method"])
        return super().form_valid(form)


class PaymentDetailsView(views.PaymentDetailsView):
    """The preview and the order. Request, order and queued mail are one transaction."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the preview; there are no payment details to type in."""
        return super().get(request, *args, **kwargs) if self.preview else redirect("checkout:payment-method")

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        """Ask for the way to pay first."""
        if payment.method(self.checkout_session.payment_method()) is None:
            raise exceptions.FailedPreCondition(url=reverse("checkout:payment-method"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add how the buyer pays."""
        chosen = payment.method(self.checkout_session.payment_method())
        return {**super().get_context_data(**kwargs), "payment_method": chosen}

    def handle_payment(self, order_number: Any, total: Any, **kwargs: Any) -> None:
        """Record how the order is paid; the money itself comes later."""
        code = self.checkout_session.payment_method()
        names = {payment.ON_DELIVERY: "Thanh toán khi nhận hàng", payment.BY_TRANSFER: "Chuyển khoản VietQR"}
        kind, _ = SourceType.objects.get_or_create(code=code, defaults={"name": names[code]})
        self.add_payment_source(Source(source_type=kind, currency=total.currency, amount_allocated=total.incl_tax))

    def place_order(self, *args: Any, **kwargs: Any) -> Any:
        """Write the order; what it says of delivery is kept in Vietnamese, whatever the buyer reads."""
        with override("vi"):
            return super().place_order(*args, **kwargs)

    def handle_successful_order(self, order: Any) -> HttpResponse:
        """Let the guest who has just ordered follow the order without giving the e-mail address once more."""
        response: HttpResponse = super().handle_successful_order(order)
        if order.guest_email:
            self.request.session["anon_order_email"] = order.guest_email
        return response

    def send_order_placed_email(self, order: Any) -> None:
        """Queue the confirmation, with the QR code as a picture when the order asks for a transfer."""
        context = {**self.get_message_context(order), "transfer": payment.transfer(order)}
        attachments = []
        if transfer := context["transfer"]:
            picture = io.BytesIO()
            segno.make(transfer.text, error="m", micro=False).save(picture, kind="png", scale=6, border=4)
            attachments.append((f"vietqr-{order.number}.png", picture.getvalue(), "image/png"))
        OrderDispatcher().send_order_placed_email_for_user(order, context, attachments)
